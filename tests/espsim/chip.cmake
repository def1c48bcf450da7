# The simulated chip as a library; included by CMakeLists.txt of this folder.
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(ZLIB REQUIRED)

add_library(espsim_chip STATIC
    sim_chip.c
    sim_chip_boot.c
    sim_chip_io.c
    sim_chip_rows.c
    sim_efuse_rows.c
    sim_flash.c
    sim_flash_sfdp.c
    sim_inflate.c
    sim_regs.c
    sim_rom.c
    sim_rom_flash.c
    sim_slip.c
    sim_spi.c
    sim_stub.c
    sim_stub_legacy.c
    sim_stub_rows.c
    sim_stub_rx.c
    sim_stub_v2.c
    sim_stub_write.c)
target_include_directories(espsim_chip PUBLIC "${CMAKE_CURRENT_SOURCE_DIR}")
target_link_libraries(espsim_chip PRIVATE OpenSSL::Crypto ZLIB::ZLIB)
