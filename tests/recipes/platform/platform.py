from platformio.public import PlatformBase


class Espressif32Platform(PlatformBase):
    """Its boards and its build script are all that it has."""
