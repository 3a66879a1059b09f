/*
 * config_draft.h - agent.conf while it is read
 *
 * Layer: agent (private to config*.c).
 */
#ifndef AGENT_CONFIG_DRAFT_H
#define AGENT_CONFIG_DRAFT_H

#include "agent/config.h"

enum {
	PORT_WORD_BYTES = 256 /* longer than any value that makes sense */
};

/* enum port_key - keys whose meaning depends on the type, which may come after them */
enum port_key {
	PORT_KEY_GROUP,
	PORT_KEY_INTERFACE,
	PORT_KEY_LOCAL,
	PORT_KEY_REMOTE,
	PORT_KEY_LISTEN,
	PORT_KEY_CONNECT,
	PORT_KEY_MODE,
	PORT_KEY_INSECURE,
	PORT_KEY_FD,
	PORT_KEY_NAME,
	PORT_KEY_MTU,
	PORT_KEY_COUNT
};

/* struct port_word - a value as it stands in the file, or in one argument: lines count its words then;
 * line 0: it does not */
struct port_word {
	char text[PORT_WORD_BYTES];
	int line;
};

/* struct port_draft - what a [port] section said; lines are 0 for keys that were not there */
struct port_draft {
	struct port_config port;
	char vlan[NAME_BYTES];
	int vlan_line, type_line;
	struct port_word words[PORT_KEY_COUNT];
};

/* struct draft - values as they come; `control` is resolved, nothing else refers to anything yet.
 * config.file is empty where one port, the last, comes from an argument: messages have no place then */
struct draft {
	struct config config;
	int at_line, control_line;
	struct port_draft ports[CONFIG_PORTS_MAX];
};

/**
 * config_draft_read() - Read the text of agent.conf
 * @d:	config.folder, config.file and the defaults are set
 *
 * Return: 0, or -EINVAL with "FILE:LINE: ..."; each value is good by itself
 */
int config_draft_read(struct draft *d, const char *text, size_t len, struct error *err);

/**
 * config_settle_port() - Make the @index-th port of what its section said
 * @d:	its vlans are settled, and the ports before this one
 *
 * Return: 0, or -EINVAL with "FILE:LINE: ...", or "KEY=VALUE: ..." without a file
 */
int config_settle_port(struct draft *d, size_t index, struct error *err);

/**
 * config_port_words() - Read the keys of a [port] section from an argument
 * @words:	as ini_read_words() takes them
 *
 * Return: 0, or a negative errno with @err; each value is good by itself
 */
int config_port_words(struct port_draft *p, const char *words, struct error *err);

/** config_parse_port_type() - A value. Return: 0, or -EINVAL with @err */
int config_parse_port_type(const char *value, enum port_type *out, struct error *err);

#endif
