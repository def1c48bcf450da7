/*
 * sim_digest.h: the results of nettle's digests, which take a length before nettle 4.
 */
#ifndef SIM_DIGEST_H
#define SIM_DIGEST_H

#include <nettle/md5.h>
#include <nettle/sha2.h>
#include <nettle/version.h>

#if NETTLE_VERSION_MAJOR >= 4
#define sim_md5_result(ctx, out)    md5_digest(ctx, out)
#define sim_sha256_result(ctx, out) sha256_digest(ctx, out)
#else
#define sim_md5_result(ctx, out)    md5_digest(ctx, MD5_DIGEST_SIZE, out)
#define sim_sha256_result(ctx, out) sha256_digest(ctx, SHA256_DIGEST_SIZE, out)
#endif

#endif
