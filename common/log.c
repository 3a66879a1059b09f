/*
 * log.c - see log.h
 */
#include "common/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
	LINE_BYTES = 1024,
	TIME_BYTES = 24
};

static enum log_level most_detail = LOG_LEVEL_INFO;
static bool to_journal;

static const struct {
	const char *journal; /* sd-daemon(3): syslog priority in angle brackets */
	const char *terminal;
} PREFIX[] = {
	[LOG_LEVEL_ERROR] = {"<3>", "error: "},
	[LOG_LEVEL_WARN] = {"<4>", "warning: "},
	[LOG_LEVEL_INFO] = {"<6>", ""},
	[LOG_LEVEL_DEBUG] = {"<7>", "debug: "},
};

void log_init(enum log_level most)
{
	most_detail = most;
	to_journal = getenv("JOURNAL_STREAM") != NULL;
}

void log_write(enum log_level level, const char *format, ...)
{
	char line[LINE_BYTES], clock[TIME_BYTES] = "";
	struct tm tm;
	time_t now = time(NULL);
	va_list args;

	if (level > most_detail)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (to_journal) {
		fprintf(stderr, "%s%s\n", PREFIX[level].journal, line);
		return;
	}
	if (localtime_r(&now, &tm))
		strftime(clock, sizeof(clock), "%H:%M:%S ", &tm);
	fprintf(stderr, "%s%s%s\n", clock, PREFIX[level].terminal, line);
}
