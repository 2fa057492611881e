/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CRC-32C (Castagnoli, reflected), with the CPU's instruction where there is one. */
#ifndef BASE_CRC32C_H
#define BASE_CRC32C_H

#include "base/types.h"

/* Continues a raw checksum over len bytes: no inversion before or after. crc32c of a buffer in the usual sense is
 * ~crc32c_raw(~0u, buf, len). */
u32 crc32c_raw(u32 crc, const void *buf, size_t len);

/* The usual (inverted) checksums of nr consecutive 4096-byte sectors, several at once to keep the CPU's pipeline
 * full; out receives nr values. */
void crc32c_sectors(const void *sectors, size_t nr, u32 *out);

/* The portable implementation, for tests against the fast one. */
u32 crc32c_raw_portable(u32 crc, const void *buf, size_t len);

#endif
