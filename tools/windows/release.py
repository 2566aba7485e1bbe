"""Write what goes with a release into dist/: ``tools/windows/release.py [URL]``.

SHA256SUMS has every file of dist/. With URL, the folder on the web that the files will be in,
dist/winget/ becomes the package's manifest for winget; ``winget validate dist/winget`` checks it.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
DIST = ROOT / "dist"
sys.path.insert(0, str(ROOT))
from setup_wizard import __version__  # noqa: E402 - it is not installed, only here

INSTALLER = "SetupWizard-Setup.exe"
PACKAGE = "SetupWizard.SetupWizard"
SCHEMA = "1.6.0"
OLDEST_WINDOWS = "10.0.18362.0"  # has icuuc.dll, which Qt loads
DESCRIPTIONS = {
    "en-US": "Creates a project's PostgreSQL tables from what its .env says.",
    "ko-KR": "프로젝트의 .env에 적힌 대로 PostgreSQL 테이블을 만듭니다.",
}


def write_winget(url: str) -> None:
    """Write the manifest's files: the version, the installer, and the texts of each language."""
    default, *others = DESCRIPTIONS
    _write("version", "", DefaultLocale=default)
    _write(
        "installer",
        ".installer",
        InstallerType="nullsoft",
        Scope="user",
        UpgradeBehavior="install",
        MinimumOSVersion=OLDEST_WINDOWS,
        Installers=(
            "\n- Architecture: x64"
            f"\n  InstallerUrl: {url}/{INSTALLER}"
            f"\n  InstallerSha256: {_sha256(DIST / INSTALLER).upper()}"
        ),
    )
    _write_texts("defaultLocale", default)
    for locale in others:
        _write_texts("locale", locale)


def _write_texts(kind: str, locale: str) -> None:
    _write(
        kind,
        f".locale.{locale}",
        PackageLocale=locale,
        Publisher="Setup Wizard",
        PackageName="Setup Wizard",
        License="MIT",
        ShortDescription=DESCRIPTIONS[locale],
    )


def _write(kind: str, suffix: str, **values: str) -> None:
    lines = {
        "PackageIdentifier": PACKAGE,
        "PackageVersion": __version__,
        **values,
        "ManifestType": kind,
        "ManifestVersion": SCHEMA,
    }
    schema = f"https://aka.ms/winget-manifest.{kind}.{SCHEMA}.schema.json"
    text = f"# yaml-language-server: $schema={schema}\n"
    text += "".join(
        f"{name}: {value}".replace(": \n", ":\n") + "\n" for name, value in lines.items()
    )
    folder = DIST / "winget"
    folder.mkdir(exist_ok=True)
    (folder / f"{PACKAGE}{suffix}.yaml").write_text(text, encoding="utf-8", newline="\n")


def write_checksums() -> None:
    """Write SHA256SUMS, which ``sha256sum --check`` reads."""
    files = sorted(path for path in DIST.rglob("*") if path.is_file())
    text = "".join(f"{_sha256(path)}  {path.relative_to(DIST).as_posix()}\n" for path in files)
    (DIST / "SHA256SUMS").write_text(text, encoding="utf-8", newline="\n")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    if url := "".join(sys.argv[1:]):
        write_winget(url.rstrip("/"))
    write_checksums()
