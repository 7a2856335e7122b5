// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's only process: load the benchmark, then reset the machine.  No C
 * library, so that a cross compiler alone can build it.
 */
#include <asm/unistd.h>

#define AT_FDCWD	(-100)
#define REBOOT_MAGIC1	0xfee1deadL
#define REBOOT_MAGIC2	672274793L
#define REBOOT_RESTART	0x01234567L

static long call(long nr, long a, long b, long c)
{
#if defined(__x86_64__)
	asm volatile("syscall" : "+a"(nr) : "D"(a), "S"(b), "d"(c)
		     : "rcx", "r11", "memory");
	return nr;
#elif defined(__aarch64__)
	register long x8 asm("x8") = nr;
	register long x0 asm("x0") = a;
	register long x1 asm("x1") = b;
	register long x2 asm("x2") = c;

	asm volatile("svc 0" : "+r"(x0) : "r"(x1), "r"(x2), "r"(x8) : "memory");
	return x0;
#elif defined(__powerpc64__)
	register long r0 asm("r0") = nr;
	register long r3 asm("r3") = a;
	register long r4 asm("r4") = b;
	register long r5 asm("r5") = c;

	asm volatile("sc" : "+r"(r0), "+r"(r3), "+r"(r4), "+r"(r5) :
		     : "r6", "r7", "r8", "r9", "r10", "r11", "r12", "cr0",
		       "ctr", "xer", "memory");
	return r3;
#endif
}

void _start(void)
{
	long fd = call(__NR_openat, AT_FDCWD, (long)"/dma_bench.ko", 0);

	call(__NR_finit_module, fd, (long)"", 0);
	for (;;)
		call(__NR_reboot, REBOOT_MAGIC1, REBOOT_MAGIC2, REBOOT_RESTART);
}
