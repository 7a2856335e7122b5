// SPDX-License-Identifier: GPL-2.0
/*
 * Let swiotlb count the slots of each bounce pool, as with swiotlb=track_hiwater on the
 * command line: the suites read the count to find slots that are lost.
 */
#include <linux/init.h>

static int __init count_slots(void)
{
	static char option[] __initdata = "swiotlb=track_hiwater";

	parse_early_options(option);
	return 0;
}
core_initcall(count_slots);
