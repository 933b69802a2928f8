"""Panels as devices answer them, and as they are stored again."""

from roomkeeper.backups.panels import Panel, decode_panels
from roomkeeper.protocols.xapi.command import decode_command_result

LISTED = b"""<?xml version="1.0"?>
<Command><ExtensionsListResult status="OK"><Extensions><Version>1.9</Version>
<Panel item="1"><ActivityType>Custom</ActivityType><Name>Lights &amp; blinds</Name><PanelId>lights</PanelId>
<Page item="1"><Name>Main</Name>
<Row item="1"><Widget item="1"><WidgetId>on</WidgetId></Widget><Widget item="2"><WidgetId>off</WidgetId></Widget></Row>
<Row item="2"><Name>Second</Name></Row></Page></Panel>
<Panel item="2"><PanelId>bare</PanelId></Panel>
</Extensions></ExtensionsListResult></Command>"""


def test_a_listed_panel_becomes_the_document_that_stores_it() -> None:
    panels = decode_panels(decode_command_result(LISTED)[0].values)
    assert [panel.panel_id for panel in panels] == ["lights", "bare"]
    assert panels[0].document == (
        "<Extensions><Version>1.11</Version><Panel><ActivityType>Custom</ActivityType>"
        "<Name>Lights &amp; blinds</Name><PanelId>lights</PanelId><Page><Name>Main</Name>"
        "<Row><Widget><WidgetId>on</WidgetId></Widget><Widget><WidgetId>off</WidgetId></Widget></Row>"
        "<Row><Name>Second</Name></Row></Page></Panel></Extensions>"
    )
    # An id alone cannot be stored again.
    assert panels[1] == Panel("bare", "")


def test_a_text_that_holds_panels_is_read_too() -> None:
    text = "<Extensions><Panel><PanelId>a</PanelId><Name>&lt;b&gt;</Name></Panel><Panel/></Extensions>"
    panels = decode_panels({"Configuration": text})
    assert [panel.panel_id for panel in panels] == ["a"]
    assert "&lt;b&gt;" in panels[0].document


def test_what_is_no_panel_gives_none() -> None:
    assert decode_panels({}) == []
    assert decode_panels({"Configuration": "<Extensions><Panel>"}) == []
    assert decode_panels({"Something/Else": "x"}) == []
