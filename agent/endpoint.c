/*
 * endpoint.c - see endpoint.h
 */
#include "agent/endpoint.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"

enum {
	SHOWN_MAX = 120, /* of a wrong value, in a message */
	PORT_DIGITS_MAX = 5,
	HOST_CHARACTERS_MAX = 100,
};

static const char LOCALHOST[] = "localhost";
static const uint32_t LOOPBACK_IPV4 = 0x7f000001;

/* Is it HOST:PORT with a host name's characters? */
static bool split_name(const char *text, size_t *host_len, uint16_t *port)
{
	const char *colon = strrchr(text, ':');
	uint32_t number = 0;

	if (!colon || colon == text || colon - text > HOST_CHARACTERS_MAX ||
	    strlen(colon + 1) > PORT_DIGITS_MAX ||
	    text_parse_number(colon + 1, 1, UINT16_MAX, &number, NULL))
		return false;
	*host_len = (size_t)(colon - text);
	*port = (uint16_t)number;
	return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") ==
	       *host_len;
}

static void take_name(const char *text, size_t host_len, uint16_t port, struct endpoint *out)
{
	if (host_len == strlen(LOCALHOST) && strncasecmp(text, LOCALHOST, host_len) == 0) {
		*out = (struct endpoint){ENDPOINT_ADDR,
					 .addr = addr_from_ipv4(LOOPBACK_IPV4, port)};
		return;
	}
	*out = (struct endpoint){ENDPOINT_NAME, .addr = {.port = port}};
	memcpy(out->text, text, host_len);
}

static int take_abstract(const char *name, struct endpoint *out, struct error *err)
{
	size_t len = strlen(name);

	if (len == 0)
		return error_set(err, -EINVAL, "'@' alone is no name; expected one such as @lan");
	if (len >= sizeof(out->text)) /* a zero byte is in front of it */
		return error_set(err, -ENAMETOOLONG,
				 "'@%.*s...' is longer than %zu characters; choose a shorter name",
				 SHOWN_MAX, name, sizeof(out->text) - 1);
	*out = (struct endpoint){.kind = ENDPOINT_ABSTRACT};
	memcpy(out->text, name, len);
	return 0;
}

static int take_path(const char *text, const char *folder, struct endpoint *out, struct error *err)
{
	struct endpoint e = {.kind = ENDPOINT_PATH};
	int len;

	if (text[0] == '/')
		len = snprintf(e.text, sizeof(e.text), "%s", text);
	else
		len = snprintf(e.text, sizeof(e.text), "%s/%s", folder,
			       strncmp(text, "./", strlen("./")) == 0 ? text + strlen("./") : text);
	if (len >= (int)sizeof(e.text))
		return error_set(err, -ENAMETOOLONG,
				 "the path of '%.*s' has %d characters, and a socket's path has at "
				 "most %zu; choose a shorter one",
				 SHOWN_MAX, text, len, sizeof(e.text) - 1);
	memset(e.text + len, 0, sizeof(e.text) - (size_t)len); /* what snprintf wrote is all */
	*out = e;
	return 0;
}

int endpoint_parse(const char *text, const char *folder, struct endpoint *out, struct error *err)
{
	size_t host_len = 0;
	uint16_t port = 0;
	struct addr addr;

	if (text[0] == '@')
		return take_abstract(text + 1, out, err);
	if (addr_parse(text, 0, &addr) == 0) {
		*out = (struct endpoint){ENDPOINT_ADDR, .addr = addr};
		return 0;
	}
	if (strchr(text, '/') || !strchr(text, ':'))
		return take_path(text, folder, out, err);
	if (!split_name(text, &host_len, &port))
		return error_set(err, -EINVAL,
				 "'%.*s' is no HOST:PORT; expected one such as 127.0.0.1:7001 or "
				 "[::1]:7001 (a path with ':' in it needs './' in front)",
				 SHOWN_MAX, text);
	take_name(text, host_len, port, out);
	return 0;
}

const char *endpoint_format(const struct endpoint *e, char out[ENDPOINT_TEXT_BYTES])
{
	switch (e->kind) {
	case ENDPOINT_NONE:
		strcpy(out, "none");
		break;
	case ENDPOINT_ADDR:
		return addr_format(&e->addr, out);
	case ENDPOINT_NAME:
		snprintf(out, ENDPOINT_TEXT_BYTES, "%s:%u", e->text, e->addr.port);
		break;
	case ENDPOINT_PATH:
	case ENDPOINT_ABSTRACT:
		snprintf(out, ENDPOINT_TEXT_BYTES, "%s%s", e->kind == ENDPOINT_PATH ? "" : "@",
			 e->text);
		break;
	}
	return out;
}

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
	return a->kind == b->kind && addr_equal(&a->addr, &b->addr) &&
	       strcmp(a->text, b->text) == 0;
}

bool endpoint_is_unix(const struct endpoint *e)
{
	return e->kind == ENDPOINT_PATH || e->kind == ENDPOINT_ABSTRACT;
}

bool endpoint_is_on_host(const struct endpoint *e)
{
	return endpoint_is_unix(e) || (e->kind == ENDPOINT_ADDR && addr_is_loopback(&e->addr));
}

socklen_t endpoint_to_unix(const struct endpoint *e, struct sockaddr_un *out)
{
	size_t len = strlen(e->text);

	assert(endpoint_is_unix(e));
	*out = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (e->kind == ENDPOINT_PATH) {
		memcpy(out->sun_path, e->text, len);
		return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + 1);
	}
	memcpy(out->sun_path + 1, e->text, len); /* unix(7): a zero byte, then the name, no NUL */
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + len);
}

bool endpoint_from_unix(const struct sockaddr_un *at, socklen_t len, const char *folder,
			struct endpoint *out)
{
	size_t path_len = len > offsetof(struct sockaddr_un, sun_path)
				  ? len - offsetof(struct sockaddr_un, sun_path)
				  : 0;
	char name[ENDPOINT_PATH_BYTES + 1] = "";

	if (path_len == 0 || path_len > ENDPOINT_PATH_BYTES)
		return false;
	if (at->sun_path[0] == '\0') {
		memcpy(name, at->sun_path + 1, path_len - 1);
		/* One with zero bytes in it could be mistaken for another. */
		return strlen(name) == path_len - 1 && take_abstract(name, out, NULL) == 0;
	}
	memcpy(name, at->sun_path, path_len);
	return take_path(name, folder, out, NULL) == 0;
}
