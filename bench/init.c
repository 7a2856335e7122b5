// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's only process: load the benchmark with a buffer of the system heap, then
 * reset the machine.  No C library, so that a cross compiler alone can build it.
 */
#include <asm/unistd.h>

#define AT_FDCWD	(-100)
#define REBOOT_MAGIC1	0xfee1deadL
#define REBOOT_MAGIC2	672274793L
#define REBOOT_RESTART	0x01234567L
#define O_RDWR		2
#define HEAP_ALLOC	0xc0184800L	/* DMA_HEAP_IOCTL_ALLOC */

static struct {			/* struct dma_heap_allocation_data */
	unsigned long long len;
	unsigned int fd;
	unsigned int fd_flags;
	unsigned long long heap_flags;
} buffer = { .len = 1 << 20, .fd_flags = O_RDWR };

static long call5(long nr, long a, long b, long c, long d, long e)
{
#if defined(__x86_64__)
	register long r10 asm("r10") = d;
	register long r8 asm("r8") = e;

	asm volatile("syscall" : "+a"(nr)
		     : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
		     : "rcx", "r11", "memory");
	return nr;
#elif defined(__aarch64__)
	register long x8 asm("x8") = nr;
	register long x0 asm("x0") = a;
	register long x1 asm("x1") = b;
	register long x2 asm("x2") = c;
	register long x3 asm("x3") = d;
	register long x4 asm("x4") = e;

	asm volatile("svc 0" : "+r"(x0)
		     : "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x8) : "memory");
	return x0;
#elif defined(__powerpc64__)
	register long r0 asm("r0") = nr;
	register long r3 asm("r3") = a;
	register long r4 asm("r4") = b;
	register long r5 asm("r5") = c;
	register long r6 asm("r6") = d;
	register long r7 asm("r7") = e;

	asm volatile("sc" : "+r"(r0), "+r"(r3), "+r"(r4), "+r"(r5), "+r"(r6),
			    "+r"(r7) :
		     : "r8", "r9", "r10", "r11", "r12", "cr0",
		       "ctr", "xer", "memory");
	return r3;
#endif
}

static long call(long nr, long a, long b, long c)
{
	return call5(nr, a, b, c, 0, 0);
}

void _start(void)
{
	static char params[] = "heap_fd=0";
	long fd;

	/* The heaps' numbers are dynamic. */
	call5(__NR_mount, (long)"dev", (long)"/dev", (long)"devtmpfs", 0, 0);
	fd = call(__NR_openat, AT_FDCWD, (long)"/dev/dma_heap/system", O_RDWR);
	if (fd < 0 || call(__NR_ioctl, fd, HEAP_ALLOC, (long)&buffer) || buffer.fd > 9)
		params[0] = 0;
	params[8] += buffer.fd;

	fd = call(__NR_openat, AT_FDCWD, (long)"/dma_bench.ko", 0);
	call(__NR_finit_module, fd, (long)params, 0);
	for (;;)
		call(__NR_reboot, REBOOT_MAGIC1, REBOOT_MAGIC2, REBOOT_RESTART);
}
