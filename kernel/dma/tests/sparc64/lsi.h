/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KERNEL_DMA_TESTS_SPARC64_LSI_H
#define _KERNEL_DMA_TESTS_SPARC64_LSI_H

struct conf;
struct kunit;

const char *conf_lsi_missing(void);
int conf_lsi_setup(struct kunit *test, struct conf *conf);

#endif /* _KERNEL_DMA_TESTS_SPARC64_LSI_H */
