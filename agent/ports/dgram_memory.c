/*
 * dgram_memory.c - which machines shared a socket, for the agent after us
 *
 * Layer: agent (ports). See dgram.h.
 *
 * A machine does not notice that the agent was restarted, and most say nothing until they are asked: without
 * its name nothing would ever reach it again. So the names are in a file, machines-PORT, beside `state`,
 * one a line, behind the number of the user whose it is. Whoever is still there gets its lane back when the loop starts; it could not be earlier, for
 * a port reports nothing while it is opened. The file goes with a port that is taken away while the agent
 * runs.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/state.h"
#include "common/file.h"
#include "common/log.h"
#include "common/text.h"
#include "dgram.h"

enum {
	USER_BYTES = 11, /* 4294967295 and a space */
	MEMORY_BYTES = PORT_LANES_MAX * (USER_BYTES + ENDPOINT_TEXT_BYTES) + 1,
	MEMORY_MODE = 0600,
	NAME_FILE_BYTES = NAME_BYTES + 16,
};

static const char ROOT[] = "/"; /* no relative path is written */

static void recall(struct dgram *d, char *text)
{
	char *rest = text, *line, *name;
	struct endpoint at;
	uint32_t user;

	while ((line = strsep(&rest, "\n"))) {
		name = line;
		line = strsep(&name, " ");
		if (name && name[0] && text_parse_number(line, 0, UINT32_MAX, &user, NULL) == 0 &&
		    endpoint_parse(name, ROOT, &at, NULL) == 0 && endpoint_is_unix(&at))
			dgram_lane_recall(d, &at, user);
	}
}

static void on_time(uv_timer_t *timer)
{
	struct dgram *d = timer->data;
	struct file_text text = {.at = malloc(MEMORY_BYTES), .room = MEMORY_BYTES};

	if (text.at && file_read(d->memory, FILE_PUBLIC, &text, NULL) == 0)
		recall(d, text.at);
	free(text.at);
	plug_not_soon(d->recall);
	d->recall = NULL;
}

void dgram_memory_init(struct dgram *d, const char *folder)
{
	char name[NAME_FILE_BYTES];

	snprintf(name, sizeof(name), "machines-%s", d->config.name);
	if (state_path(folder, name, d->memory, NULL) < 0)
		d->memory[0] = '\0';
	else
		d->recall = plug_soon(d->loop, on_time, d);
}

void dgram_memory_fini(struct dgram *d)
{
	plug_not_soon(d->recall);
}

void dgram_memory_forget(struct dgram *d)
{
	if (d->memory[0])
		unlink(d->memory);
	d->memory[0] = '\0';
}

/* Can it be read again as it is? */
static bool is_writable(const struct dgram_lane *lane)
{
	return (lane->from.at.sun_path[0] == '/' || lane->at.kind == ENDPOINT_ABSTRACT) &&
	       !strchr(lane->at.text, '\n');
}

void dgram_memory_save(struct dgram *d)
{
	char text[MEMORY_BYTES], name[ENDPOINT_TEXT_BYTES];
	struct file_bytes bytes = {.at = text, .mode = MEMORY_MODE};
	struct error err;

	if (!d->is_news || !d->memory[0])
		return;
	d->is_news = false;
	for (const struct dgram_lane *lane = d->lanes; lane; lane = lane->next) {
		if (is_writable(lane))
			bytes.len += (size_t)snprintf(text + bytes.len, sizeof(text) - bytes.len,
						      "%u %s\n", lane->user,
						      endpoint_format(&lane->at, name));
	}
	if (file_replace(d->memory, &bytes, &err) < 0)
		log_warn("%s; after a restart, machines at port %s are not heard of until they "
			 "speak",
			 err.text, d->config.name);
}
