/*
 * sans_io_sample.c - a library that does what proto/ must not; sans_io.py has to notice every call
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <uv.h>

int sample_does_everything(void);
void log_write(int level, const char *text);

int sample_does_everything(void)
{
	struct timespec ts;
	unsigned char *bytes = malloc(8);

	if (!bytes)
		return -1;
	clock_gettime(CLOCK_REALTIME, &ts);
	randombytes_buf(bytes, 8);
	printf("%d %ld %ld\n", bytes[0], (long)time(NULL), (long)uv_now(uv_default_loop()));
	log_write(0, getenv("HOME"));
	free(bytes);
	return socket(AF_INET, SOCK_DGRAM, 0);
}
