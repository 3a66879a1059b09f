/*
 * config_plug.c - a port in one argument, as `longwire plug` has it; see config.h
 *
 * How it works. The argument is read as the keys of one more [port] section, into a draft that has no
 * file: config_port.c settles it like a port of the file, and says what is wrong in the same sentences.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "config_draft.h"

static int check_room(const struct config *c, const char *name, struct error *err)
{
	int rc = text_check_name(name, err);

	if (rc)
		return rc;
	if (config_port_by_name(c, name))
		return error_set(err, -EEXIST,
				 "there is a port '%s' already; unplug it, or take another name",
				 name);
	if (c->port_count == CONFIG_PORTS_MAX)
		return error_set(err, -ENOSPC, "there are %d ports already; unplug one",
				 CONFIG_PORTS_MAX);
	return 0;
}

static int parse(struct draft *d, const char *words, struct port_config *out, struct error *err)
{
	size_t last = d->config.port_count;
	int rc = config_port_words(&d->ports[last], words, err);

	if (rc == 0)
		rc = config_settle_port(d, last, err);
	if (rc == 0)
		*out = d->config.ports[last];
	return rc;
}

int config_port_parse(const struct config *c, const char *name, const char *words,
		      struct port_config *out, struct error *err)
{
	struct draft *d;
	char *pairs;
	int rc = check_room(c, name, err);

	if (rc)
		return rc;
	d = calloc(1, sizeof(*d));
	if (!d || asprintf(&pairs, "type=%s", words) < 0) {
		free(d);
		return error_set(err, -ENOMEM, "out of memory");
	}
	d->config = *c;
	d->config.file[0] = '\0';
	strcpy(d->ports[c->port_count].port.name, name);
	rc = parse(d, pairs, out, err);
	free(pairs);
	free(d);
	return rc;
}
