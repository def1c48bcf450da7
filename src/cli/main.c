/* main.c: the program. Everything it does is in the cli library, which tests link too. */
#include "cli.h"
#include "standard_streams.h"

int main(int argc, char **argv)
{
    eb_streams_arguments(&argc, &argv);
    return eb_cli_main(argc, argv);
}
