"""Which families there are: every folder with a `manifest.toml`. A new family needs a folder and nothing else.

Only this module looks into the folders. What stands there in Python is given as parts: the driver here, `quirks`,
`names` and `services` by the modules of these names beside this one.
"""

import importlib
import importlib.util
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Final

from roomkeeper.devices.client import DeviceClient
from roomkeeper.devices.driver import Driver
from roomkeeper.devices.manifest import Manifest, load_manifest
from roomkeeper.devices.table import ManifestError

FAMILIES: Final = Path(__file__).parent / "families"
SEARCH_PATH: Final = (FAMILIES,)
_MANIFEST: Final = "manifest.toml"
_DRIVER: Final = "driver"


@lru_cache(maxsize=16)
def load_families(search_path: tuple[Path, ...] = SEARCH_PATH) -> dict[str, Manifest]:
    """The families in those folders by name, read once a process. Raises `ManifestError`, naming file and key."""
    found: dict[str, Manifest] = {}
    for folder in search_path:
        for path in sorted(folder.glob(f"*/{_MANIFEST}")):
            manifest = load_manifest(path)
            if manifest.name in found:
                raise ManifestError(f"{path}: there is a family {manifest.name} already")
            found[manifest.name] = manifest
    if sum(manifest.is_fallback for manifest in found.values()) != 1:
        raise ManifestError("exactly one family has to have is_fallback")
    if sum(manifest.is_presumed for manifest in found.values()) > 1:
        raise ManifestError("at most one family may have is_presumed")
    for manifest in found.values():
        if manifest.without_manager and manifest.without_manager not in found:
            raise ManifestError(f"{manifest.name}: there is no family {manifest.without_manager}")
    return found


def get_family(name: str, *, search_path: tuple[Path, ...] = SEARCH_PATH) -> Manifest:
    """The family of that name; the fallback (`unmanaged`) for a name that is none."""
    families = load_families(search_path)
    return families.get(name) or _fallback(families.values())


def presumed_family(name: str = "", *, search_path: tuple[Path, ...] = SEARCH_PATH) -> Manifest:
    """The family of that name; without one, that of which a system is presumed to be that has said nothing of itself
    yet."""
    if name:
        return get_family(name, search_path=search_path)
    families = load_families(search_path).values()
    return next((manifest for manifest in families if manifest.is_presumed), _fallback(families))


def recognise(
    *,
    product_type: str = "",
    product_id: str = "",
    software_version: str = "",
    sys_object_id: str = "",
    search_path: tuple[Path, ...] = SEARCH_PATH,
) -> Manifest:
    """The family of a device that says this of itself; the fallback where none fits."""
    families = load_families(search_path)
    fitting = [
        (match.weight, manifest.name)
        for manifest in families.values()
        for match in manifest.matches
        if match.fits(product_type, product_id, software_version, sys_object_id)
    ]
    if not fitting:
        return _fallback(families.values())
    return families[max(fitting)[1]]


@lru_cache(maxsize=64)
def driver_class(name: str, *, search_path: tuple[Path, ...] = SEARCH_PATH) -> type[Driver]:
    """The class `FamilyDriver` in the family's `driver.py`; `Driver`, which can do nothing, where there is none.

    Raises `ManifestError` for a `driver.py` without it.
    """
    path = _path_of(_DRIVER, name, search_path)
    if path is None:
        return Driver
    found = getattr(_load(path), "FamilyDriver", None)
    if not isinstance(found, type) or not issubclass(found, Driver):
        raise ManifestError(f"{path}: has no driver named FamilyDriver")
    return found


@lru_cache(maxsize=64)
def find_part(part: str, family: str, *, search_path: tuple[Path, ...] = SEARCH_PATH) -> ModuleType | None:
    """The module of that name in the folder of the family, None where it has none. A family without a driver of its
    own, and a system without a family, are spoken to like those of the presumed family, so that one's is given."""
    speaks = family and _path_of(_DRIVER, family, search_path) is not None
    path = _path_of(part, family if speaks else presumed_family(search_path=search_path).name, search_path)
    return None if path is None else _load(path)


@lru_cache(maxsize=64)
def find_parts(part: str, *, search_path: tuple[Path, ...] = SEARCH_PATH) -> tuple[ModuleType, ...]:
    """The modules of that name in the folders of all families that have one."""
    paths = (_path_of(part, name, search_path) for name in load_families(search_path))
    return tuple(_load(path) for path in paths if path is not None)


def create_driver(
    family: Manifest, client: DeviceClient, *, search_path: tuple[Path, ...] = SEARCH_PATH
) -> Driver:
    """A driver of the family for one device."""
    return driver_class(family.name, search_path=search_path)(family, client)


def _path_of(part: str, family: str, search_path: tuple[Path, ...]) -> Path | None:
    paths = (folder / family / f"{part}.py" for folder in search_path)
    return next((path for path in paths if path.is_file()), None)


def _load(path: Path) -> ModuleType:
    family = path.parent.name
    if path.parent.parent == FAMILIES:
        return importlib.import_module(f"{__package__}.families.{family}.{path.stem}")
    spec = importlib.util.spec_from_file_location(f"roomkeeper_family_{family}_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ManifestError(f"{path}: cannot be imported")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _fallback(families: Iterable[Manifest]) -> Manifest:
    return next(manifest for manifest in families if manifest.is_fallback)
