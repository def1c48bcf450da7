"""Targets as the real platform has them: a firmware, `upload` and `erase` by esptool, at the port that is found."""
from SCons.Script import AlwaysBuild, Copy, Default, DefaultEnvironment

env = DefaultEnvironment()
firmware = env.Command("$BUILD_DIR/firmware.bin", "$PROJECT_SRC_DIR/app.bin", Copy("$TARGET", "$SOURCE"))
AlwaysBuild(env.Alias("buildprog", firmware))
tool = 'esptool --chip esp32 --port "$UPLOAD_PORT"'
find_port = env.VerboseAction(env.AutodetectUploadPort, "Looking for upload port...")
for name in ("upload", "uploadfs"):
    env.AddPlatformTarget(name, firmware, [
        find_port, env.VerboseAction(tool + " write-flash 0x10000 $SOURCE", "Uploading $SOURCE")], name)
env.AddPlatformTarget("erase", None, [
    find_port, env.VerboseAction(tool + " erase-flash", "Erasing...")], "Erase Flash")
Default(firmware)
