"""Documents as endpoints write them (protocol notes D.4): this package's own encoder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from xml.sax.saxutils import quoteattr

from roomkeeper.virtual.configuration import ConfigurationTree
from roomkeeper.virtual.paths import order, split
from roomkeeper.virtual.profile import Profile
from roomkeeper.virtual.value_spaces import CommandSpec, Parameter, VirtualValueSpace

DECLARATION = '<?xml version="1.0"?>\n'
_NOT_XML = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF, *range(0xD800, 0xE000)), "?")


def text(value: str) -> str:
    """Character data, escaped; characters that XML cannot hold become question marks."""
    if not value.isascii() or not value.isprintable():
        value = value.translate(_NOT_XML)
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def root_attributes(profile: Profile, version: str = "") -> str:
    """`product="…" version="…" apiVersion="4"`, and TC's namespace."""
    namespace = f' xmlns="{profile.dialect.namespace}"' if profile.dialect.namespace else ""
    namespace += single_attributes(profile)
    api = f' apiVersion="{profile.dialect.api_version}"' if profile.dialect.api_version else ""
    return f"{namespace} product={quoteattr(profile.product)} version={quoteattr(version or profile.version)}{api}"


def single_attributes(profile: Profile) -> str:
    """What a node carries that is in no list: nothing, and `item="1"` on TC (protocol notes O)."""
    return ' item="1"' if profile.dialect.numbers_every_node else ""


NodeAttributes = Callable[[str, int], str]
LeafAttributes = Callable[[str], str]


def list_of_unknown_length(node: str, item: int) -> str:
    """Status lists: `maxOccurrence="n"`."""
    return f' item="{item}" maxOccurrence="n"'


def no_attributes(path: str) -> str:
    """Leaves without attributes."""
    return ""


def render_tree(
    values: Iterable[tuple[str, str]],
    *,
    node_attributes: NodeAttributes = list_of_unknown_length,
    leaf_attributes: LeafAttributes = no_attributes,
    single: str = "",
    depth: int = 1,
) -> str:
    """Elements for (path, value) pairs that are already in document order; `single`: attributes of what is no list."""
    lines: list[str] = []
    open_steps: list[tuple[str, int | None]] = []
    open_names: list[str] = []
    for path, value in values:
        steps = split(path)
        shared = 0
        limit = min(len(open_steps), len(steps) - 1)
        while shared < limit and open_steps[shared] == steps[shared]:
            shared += 1
        while len(open_steps) > shared:
            open_steps.pop()
            lines.append(f"{'  ' * (depth + len(open_steps))}</{open_names.pop()}>\n")
        for position in range(shared, len(steps) - 1):
            name, item = steps[position]
            attributes = single if item is None else node_attributes(_prefix(path, position), item)
            lines.append(f"{'  ' * (depth + position)}<{name}{attributes}>\n")
            open_steps.append(steps[position])
            open_names.append(name)
        name, item = steps[-1]
        attributes = single if item is None else node_attributes(path, item)
        attributes += leaf_attributes(path)
        lines.append(f"{'  ' * (depth + len(steps) - 1)}<{name}{attributes}>{text(value)}</{name}>\n")
    while open_names:
        open_steps.pop()
        lines.append(f"{'  ' * (depth + len(open_steps))}</{open_names.pop()}>\n")
    return "".join(lines)


def _prefix(path: str, position: int) -> str:
    return "/".join(path.split("/")[: position + 1])


def status_document(profile: Profile, facts: dict[str, str], version: str = "") -> str:
    """The Status element."""
    ordered = sorted(facts.items(), key=lambda one: order(one[0]))
    body = render_tree(ordered, single=single_attributes(profile))
    return f"<Status{root_attributes(profile, version)}>\n{body}</Status>"


def configuration_document(profile: Profile, tree: ConfigurationTree, version: str = "") -> str:
    """The Configuration element with a value space reference on every leaf."""

    def node_attributes(node: str, item: int) -> str:
        return f' item="{item}" maxOccurrence="{tree.maximum(node)}"'

    def leaf_attributes(path: str) -> str:
        return f' valueSpaceRef="/Valuespace/{profile.configuration[path].space.name}"'

    body = render_tree(
        ((leaf.path, tree.shown(leaf)) for leaf in tree.leaves()),
        node_attributes=node_attributes,
        leaf_attributes=leaf_attributes,
        single=single_attributes(profile),
    )
    return f"<Configuration{root_attributes(profile, version)}>\n{body}</Configuration>"


def _space_members(space: VirtualValueSpace, indent: str, *, is_numbered: bool, has_step: bool) -> str:
    if space.kind == "Integer":
        step = f"{indent}<Step>{space.step}</Step>\n" if has_step else ""
        return f"{indent}<Max>{space.maximum}</Max>\n{indent}<Min>{space.minimum}</Min>\n{step}"
    if space.kind == "String":
        hidden = f"{indent}<HiddenValue>True</HiddenValue>\n" if space.is_hidden else ""
        longest = f"{indent}<MaxLength>{space.maximum}</MaxLength>\n"
        return f"{hidden}{longest}{indent}<MinLength>{space.minimum}</MinLength>\n"
    lines = []
    for number, value in enumerate(space.values, 1):
        item = f' item="{number}"' if is_numbered else ""
        lines.append(f"{indent}<Value{item}>{text(value)}</Value>\n")
    return "".join(lines)


def valuespace_document(profile: Profile, version: str = "") -> str:
    """The Valuespace element: the spaces of the settings."""
    used = {leaf.space.name: leaf.space for leaf in profile.configuration.values()}
    used.update(profile.value_spaces)
    parts = [
        f'  <{name} type="{space.kind}">\n'
        f"{_space_members(space, '    ', is_numbered=True, has_step=True)}  </{name}>\n"
        for name, space in sorted(used.items())
    ]
    return f"<Valuespace{root_attributes(profile, version)}>\n{''.join(parts)}</Valuespace>"


def _parameter(parameter: Parameter, indent: str) -> str:
    space = parameter.space
    attributes = f" default={quoteattr(parameter.default)}" if parameter.default is not None else ""
    attributes += ' item="1"'
    if parameter.multiple:
        attributes += f' multiple="{parameter.multiple}"'
    attributes += f' required="{parameter.is_required}" valueSpaceRef="/Valuespace/{text(space.name)}"'
    kind = space.kind + ("Array" if parameter.multiple else "")
    members = _space_members(space, indent + "    ", is_numbered=False, has_step=False)
    return (
        f'{indent}<{parameter.name}{attributes}>\n{indent}  <ValueSpace type="{kind}">\n{members}'
        f"{indent}  </ValueSpace>\n{indent}</{parameter.name}>\n"
    )


def _command(name: str, spec: CommandSpec, indent: str) -> str:
    backend = f' backend="{spec.backend}"' if spec.backend else ""
    multiline = ' multiline="True"' if spec.is_multiline else ""
    head = f'{indent}<{name}{backend} command="True"{multiline} role="{text(spec.role)}"'
    if not spec.parameters:
        return f"{head}/>\n"
    inner = "".join(_parameter(parameter, indent + "  ") for parameter in spec.parameters)
    return f"{head}>\n{inner}{indent}</{name}>\n"


def command_document(profile: Profile, version: str = "") -> str:
    """The Command element: every command with its parameters."""
    lines: list[str] = []
    opened: list[str] = []
    for path in sorted(profile.commands, key=lambda one: one.split("/")):
        *nodes, name = path.split("/")
        shared = 0
        while shared < min(len(opened), len(nodes)) and opened[shared] == nodes[shared]:
            shared += 1
        while len(opened) > shared:
            closed = opened.pop()
            lines.append(f"{'  ' * (len(opened) + 1)}</{closed}>\n")
        for node in nodes[shared:]:
            lines.append(f"{'  ' * (len(opened) + 1)}<{node}>\n")
            opened.append(node)
        lines.append(_command(name, profile.commands[path], "  " * (len(opened) + 1)))
    while opened:
        closed = opened.pop()
        lines.append(f"{'  ' * (len(opened) + 1)}</{closed}>\n")
    return f"<Command{root_attributes(profile, version)}>\n{''.join(lines)}</Command>"


def configuration_result(errors: list[tuple[str, str]], shape: str = "errors") -> str:
    """The answer to written settings: Success, or what was refused in one of three shapes (its words are ours).

    Which release sends which is not known (protocol notes O): `errors` an Error per refused leaf, `leaf` the leaf
    itself marked, `status` the whole document marked, with the first refusal alone.
    """
    if not errors:
        return f"{DECLARATION}<Configuration>\n  <Success/>\n</Configuration>"
    if shape == "leaf":
        marked = render_tree(
            sorted(errors, key=lambda one: order(one[0])),
            node_attributes=lambda node, item: f' item="{item}"',
            leaf_attributes=lambda path: ' error="True"',
        )
        return f"{DECLARATION}<Configuration>\n{marked}</Configuration>"
    if shape == "status":
        path, reason = errors[0]
        return (
            f'{DECLARATION}<Configuration status="Error">\n  <Reason>{text(reason)}</Reason>\n'
            f"  <XPath>/Configuration/{text(path)}</XPath>\n</Configuration>"
        )
    rows = "".join(
        f'  <Error item="{number}">\n    <Reason>{text(reason)}</Reason>\n    <XPath>/Configuration/{text(path)}'
        f"</XPath>\n  </Error>\n"
        for number, (path, reason) in enumerate(errors, 1)
    )
    return f"{DECLARATION}<Configuration>\n{rows}</Configuration>"


Result = Mapping[str, "str | Result | Sequence[Result]"]
"""A command's data: text, nested data, or a list of nested data."""


def result_members(result: Result, depth: int) -> str:
    """A command's data: nested dicts, lists as `item="n"`."""
    indent = "  " * depth
    lines: list[str] = []
    for name, value in result.items():
        if isinstance(value, str):
            lines.append(f"{indent}<{name}>{text(value)}</{name}>\n")
        elif isinstance(value, Mapping):
            lines.append(f"{indent}<{name}>\n{result_members(value, depth + 1)}{indent}</{name}>\n")
        else:
            for number, one in enumerate(value, 1):
                attributes = f' item="{number}" maxOccurrence="n"'
                members = result_members(one, depth + 1)
                lines.append(f"{indent}<{name}{attributes}>\n{members}{indent}</{name}>\n")
    return "".join(lines)


def command_result(name: str, result: Result, *, status: str = "OK") -> str:
    """`<VolumeSetResult status="OK"/>` (protocol notes D.6)."""
    if not result:
        return f'  <{name} status="{status}"/>\n'
    return f'  <{name} status="{status}">\n{result_members(result, 2)}  </{name}>\n'


def command_answer(results: list[str]) -> str:
    """The results of one document in their order."""
    return f"{DECLARATION}<Command>\n{''.join(results)}</Command>"


ACTION_ERROR = (
    f"{DECLARATION}<ActionError>\n  <Reason>No action detected in document</Reason>\n</ActionError>"
)
EMPTY_RESULT = f"{DECLARATION}<EmptyResult/>"
EMPTY_COMMAND = f"{DECLARATION}<Command/>"
