"""A small document of commands as a device tells it, made up here: one of every kind of parameter."""

COMMANDS = (
    '<Command product="Cisco Codec" version="ce9.6.1" apiVersion="4">'
    '<Audio><Volume><Set command="True" role="Admin">'
    '<Level required="True"><ValueSpace type="Integer"><Min>0</Min><Max>100</Max></ValueSpace></Level>'
    "</Set></Volume></Audio>"
    '<Macros><Macro><Save command="True" multiline="True" role="Admin">'
    '<Name required="True"><ValueSpace type="String"><MinLength>1</MinLength><MaxLength>20</MaxLength>'
    "</ValueSpace></Name>"
    '<Overwrite default="True"><ValueSpace type="Literal"><Value>False</Value><Value>True</Value>'
    "</ValueSpace></Overwrite>"
    '</Save><Activate command="True"><Name multiple="5"><ValueSpace type="StringArray"><MinLength>1</MinLength>'
    "<MaxLength>250</MaxLength></ValueSpace></Name></Activate></Macro></Macros>"
    '<Standby><Activate command="True"/><Deactivate command="True"/></Standby>'
    '<SystemUnit><FactoryReset command="True"><Confirm required="True"><ValueSpace type="Literal"><Value>Yes</Value>'
    '</ValueSpace></Confirm><Keep multiple="2"><ValueSpace type="LiteralArray"><Value>HTTP</Value>'
    "<Value>Network</Value></ValueSpace></Keep></FactoryReset></SystemUnit>"
    '<UserInterface><Message><Alert><Display command="True">'
    '<Duration><ValueSpace type="Integer"><Min>0</Min><Max>600</Max></ValueSpace></Duration>'
    '<Text required="True"><ValueSpace type="String"><MinLength>0</MinLength><MaxLength>255</MaxLength>'
    "</ValueSpace></Text>"
    '<Title><ValueSpace type="String"><MaxLength>255</MaxLength></ValueSpace></Title>'
    "</Display></Alert></Message></UserInterface></Command>"
)
