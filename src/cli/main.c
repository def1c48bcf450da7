/* main.c: the program. Everything it does is in the cli library, which tests link too. */
#include "cli.h"

int main(int argc, char **argv)
{
    return eb_cli_main(argc, argv);
}
