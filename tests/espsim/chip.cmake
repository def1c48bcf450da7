# The simulated chip as a library; included by CMakeLists.txt of this folder.
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(ZLIB REQUIRED)

add_library(espsim_chip STATIC
    sim_chip.c
    sim_chip_boot.c
    sim_chip_io.c
    sim_chip_rows.c
    sim_efuse_rows.c
    sim_efuse_security.c
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

# Tests of the chip alone, on a UART without threads or time.
if(ESPBACKUP_TESTS)
    set(ESPSIM_STUBS_DIR ${CMAKE_BINARY_DIR}/testdata/stubs CACHE PATH
        "Stub files for the tests of the simulated chip: legacy-4.12/, v2-1.2.2/, v2-1.4.1/")
    function(espsim_chip_test name)
        add_executable(${name} ${name}.c fake_uart.c stub_file.c)
        target_link_libraries(${name} PRIVATE espsim_chip OpenSSL::Crypto
            PkgConfig::CMOCKA PkgConfig::CJSON)
        add_test(NAME ${name} COMMAND ${name} ${ARGN})
    endfunction()
    espsim_chip_test(test_sim_captures ${CMAKE_CURRENT_SOURCE_DIR}/../data/captures
        ${ESPSIM_STUBS_DIR})
    espsim_chip_test(test_sim_flash)
    espsim_chip_test(test_sim_rom)
    espsim_chip_test(test_sim_spi)
    espsim_chip_test(test_sim_stub ${ESPSIM_STUBS_DIR})
endif()
