"""Only `provisioning.states` writes the state of what is delivered (rule R7): no other module updates, assigns or makes
a row of `Change`, `ChangeItem` or `Action` with one."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from roomkeeper.provisioning.models import DeliveryState

SOURCE = Path(__file__).resolve().parents[2] / "src" / "roomkeeper"
WRITER = SOURCE / "provisioning" / "states.py"
# Their rows have states of their own, of other lists, and names that do not tell.
OTHER_STATES = {SOURCE / "secure_only" / "moving.py"}
MODELS = {"Change", "ChangeItem", "Action"}
ENUM = DeliveryState.__name__
READING = {"filter", "exclude", "get", "Q", "When"}
WRITING = {"update", "create", "get_or_create", "update_or_create", "acreate", "aupdate"}


def root(node: ast.expr) -> str:
    """The name with which a chain of attributes and calls begins."""
    while not isinstance(node, ast.Name):
        if isinstance(node, ast.Call):
            node = node.func
        elif isinstance(node, ast.Attribute | ast.Subscript):
            node = node.value
        else:
            return ""
    return node.id


def called(node: ast.Call) -> str:
    """The name of what is called; of a partial function, of what it will call."""
    function = node.func
    if root(function) == "partial" and node.args:
        function = node.args[0]
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def mentions(node: ast.expr, names: set[str]) -> bool:
    return any(
        (isinstance(one, ast.Name) and one.id in names)
        or (isinstance(one, ast.Attribute) and one.attr in names)
        for one in ast.walk(node)
    )


def is_ours(value: ast.expr, imports_models: bool) -> bool:
    """Whether this may be a state of what is delivered. A name that says nothing of itself is taken for one where the
    models are at hand; a constant of another list of states is none."""
    if mentions(value, {ENUM}):
        return True
    if isinstance(value, ast.Constant):
        return value.value in DeliveryState.values
    return imports_models and not (isinstance(value, ast.Attribute) and value.attr.isupper())


def pairs(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    """What is assigned to what, one by one."""
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        yield node.target, node.value
    elif isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                yield from zip(target.elts, node.value.elts, strict=False)
            elif isinstance(target, ast.Tuple):
                yield from ((one, node.value) for one in target.elts)
            else:
                yield target, node.value


def writes_in_call(node: ast.Call, imports_models: bool) -> bool:
    name, is_model = called(node), root(node.func) in MODELS
    makes = isinstance(node.func, ast.Name) and is_model
    if name == "setattr" and len(node.args) == 3:
        what = node.args[1]
        return (
            isinstance(what, ast.Constant) and what.value == "state" and is_ours(node.args[2], imports_models)
        )
    if name == "bulk_update" and is_model:
        return any(isinstance(one, ast.Constant) and one.value == "state" for one in ast.walk(node))
    for keyword in node.keywords:
        if keyword.arg == "state" and name not in READING:
            if mentions(keyword.value, {ENUM}) or is_model:
                return True
            # The rows of another model, named here.
            is_other = root(node.func)[:1].isupper() and not is_model
            if name in WRITING and is_ours(keyword.value, imports_models and not is_other):
                return True
        is_opaque = keyword.arg is None and not mentions(keyword.value, {"born"})
        if is_opaque and is_model and (makes or name in WRITING):
            return True
    return False


def offences(tree: ast.Module, *, has_other_states: bool = False) -> list[int]:
    """The lines that write such a state."""
    imports_models = not has_other_states and any(
        isinstance(node, ast.ImportFrom)
        and node.module == "roomkeeper.provisioning.models"
        and any(one.name in MODELS for one in node.names)
        for node in ast.walk(tree)
    )
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and writes_in_call(node, imports_models):
            found.add(node.lineno)
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "state" and mentions(value, {ENUM}):
                    found.add(node.lineno)
        for target, value in pairs(node):
            if (
                isinstance(target, ast.Attribute)
                and target.attr == "state"
                and is_ours(value, imports_models)
            ):
                found.add(target.lineno)
    return sorted(found)


def test_nothing_but_the_state_machine_writes_states_of_what_is_delivered() -> None:
    found = {
        str(path.relative_to(SOURCE)): lines
        for path in sorted(SOURCE.rglob("*.py"))
        if path != WRITER and not {"migrations", "virtual"} & set(path.parts)
        if (lines := offences(ast.parse(path.read_text("utf-8")), has_other_states=path in OTHER_STATES))
    }
    assert found == {}


IMPORT = "from roomkeeper.provisioning.models import Action, ChangeItem, DeliveryState\n"


@pytest.mark.parametrize(
    "line",
    [
        "ChangeItem.objects.filter(pk=1).update(state=DeliveryState.FAILED)",
        "waiting.update(state=DeliveryState.FAILED, reason='')",
        "waiting.update(state=wanted)",
        "waiting.update(state='failed')",
        "Action.objects.filter(pk=1).update(**values)",
        "values = {'state': DeliveryState.FAILED}",
        "item.state = DeliveryState.FAILED",
        "item.state, item.reason = DeliveryState.FAILED, ''",
        "item.state, item.reason = outcome",
        "item.state = verdict",
        "item.state = 'failed'",
        "setattr(item, 'state', verdict)",
        "ChangeItem(path='a', state=verdict)",
        "Action.objects.create(state='waiting')",
        "Action.objects.bulk_update(rows, ['state', 'reason'])",
        "make(rows, state=DeliveryState.FAILED)",
    ],
)
def test_the_looking_finds_what_it_is_for(line: str) -> None:
    assert offences(ast.parse(IMPORT + line)) == [2]


@pytest.mark.parametrize("line", ["item.state = 'failed'", "change.items.update(state='cancelled')"])
def test_also_where_the_models_are_not_at_hand(line: str) -> None:
    assert offences(ast.parse(line)) == [1]


@pytest.mark.parametrize(
    "line",
    [
        "ChangeItem.objects.filter(state=DeliveryState.FAILED)",
        "sent = partial(rows.filter, state=DeliveryState.FAILED)",
        "system.state = State.MANAGED",
        "Restoration.objects.filter(pk=1).update(state=verdict)",
        "Action.objects.filter(pk=1).update(reason='')",
        "ChangeItem(path='a', **states.born(verdict, '', now))",
        "states.move(rows, DeliveryState.FAILED, '', now)",
    ],
)
def test_and_nothing_else(line: str) -> None:
    assert offences(ast.parse(IMPORT + line)) == []
