#include "option_checks.h"

eb_code_t eb_check_force(const eb_args_t *args, eb_err_t *err)
{
    if (eb_arg_flag(args, EB_OPT_FORCE) && eb_arg_text(args, EB_OPT_OUTPUT) == NULL) {
        return eb_err_set(err, EB_ERR_USAGE, "--force needs --output");
    }
    return EB_OK;
}

eb_code_t eb_check_range(const eb_args_t *args, eb_err_t *err)
{
    uint64_t addr = eb_arg_number(args, EB_OPT_OFFSET);
    uint64_t size = eb_arg_number(args, EB_OPT_SIZE);

    if (addr + size > (uint64_t)UINT32_MAX + 1) {
        return eb_err_set(err, EB_ERR_USAGE,
                          "--offset 0x%llx with --size 0x%llx: the range ends beyond 4 GB",
                          (unsigned long long)addr, (unsigned long long)size);
    }
    return EB_OK;
}
