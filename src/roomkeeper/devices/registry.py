"""Which families there are: every folder with a `manifest.toml`. A new family needs a folder and nothing else."""

import importlib
import importlib.util
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Final

from roomkeeper.devices.client import DeviceClient
from roomkeeper.devices.driver import Driver
from roomkeeper.devices.families.manifest import Manifest, load_manifest
from roomkeeper.devices.families.table import ManifestError

FAMILIES: Final = Path(__file__).parent / "families"
_MANIFEST: Final = "manifest.toml"


@lru_cache(maxsize=16)
def load_families(search_path: tuple[Path, ...] = (FAMILIES,)) -> dict[str, Manifest]:
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
    return found


def get_family(name: str, *, search_path: tuple[Path, ...] = (FAMILIES,)) -> Manifest:
    """The family of that name; the fallback (`unmanaged`) for a name that is none."""
    families = load_families(search_path)
    return families.get(name) or _fallback(families.values())


def recognise(
    *,
    product_type: str = "",
    product_id: str = "",
    software_version: str = "",
    sys_object_id: str = "",
    search_path: tuple[Path, ...] = (FAMILIES,),
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
def driver_class(name: str, *, search_path: tuple[Path, ...] = (FAMILIES,)) -> type[Driver]:
    """The class `FamilyDriver` in the family's `driver.py`; `Driver`, which can do nothing, where there is none.

    Raises `ManifestError` for a `driver.py` without it.
    """
    path = next(
        (path for folder in search_path if (path := folder / name / "driver.py").is_file()),
        None,
    )
    if path is None:
        return Driver
    if path.parent.parent == FAMILIES:
        module = importlib.import_module(f"roomkeeper.devices.families.{name}.driver")
    else:
        spec = importlib.util.spec_from_file_location(f"roomkeeper_family_{name}", path)
        if spec is None or spec.loader is None:
            raise ManifestError(f"{path}: cannot be imported")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    found = getattr(module, "FamilyDriver", None)
    if not isinstance(found, type) or not issubclass(found, Driver):
        raise ManifestError(f"{path}: has no driver named FamilyDriver")
    return found


def create_driver(
    family: Manifest, client: DeviceClient, *, search_path: tuple[Path, ...] = (FAMILIES,)
) -> Driver:
    """A driver of the family for one device."""
    return driver_class(family.name, search_path=search_path)(family, client)


def _fallback(families: Iterable[Manifest]) -> Manifest:
    return next(manifest for manifest in families if manifest.is_fallback)
