"""Stands in for setuptools while stubs.cmake downloads a source package.

pip wants the metadata of what it downloads, and runs the package's build for it. This answers from
the file that each source package carries, so no code of the package runs and no build tools are
downloaded.
"""

import email
import pathlib


def prepare_metadata_for_build_wheel(folder, config_settings=None):
    text = pathlib.Path("PKG-INFO").read_text(encoding="utf-8")
    facts = email.message_from_string(text)
    info = pathlib.Path(folder) / f"{facts['Name']}-{facts['Version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(text, encoding="utf-8")
    return info.name
