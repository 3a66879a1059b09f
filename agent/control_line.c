/*
 * control_line.c - see control_line.h
 */
#include "agent/control_line.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	FIRST_CAPACITY = 512,
	HEX_PER_BYTE = 2,
	NIBBLE_BITS = 4,
	DECIMAL = 10
};

size_t line_buffer_room(struct line_buffer *b, char **out)
{
	size_t capacity = b->capacity ? b->capacity * 2 : FIRST_CAPACITY;
	char *grown;

	if (b->len < b->capacity) {
		*out = b->bytes + b->len;
		return b->capacity - b->len;
	}
	if (b->len >= CONTROL_LINE_MAX_BYTES)
		return 0;
	if (capacity > CONTROL_LINE_MAX_BYTES)
		capacity = CONTROL_LINE_MAX_BYTES;
	grown = realloc(b->bytes, capacity);
	if (!grown)
		return 0;
	b->bytes = grown;
	b->capacity = capacity;
	*out = b->bytes + b->len;
	return b->capacity - b->len;
}

void line_buffer_added(struct line_buffer *b, size_t len)
{
	b->len += len;
}

bool line_buffer_next(struct line_buffer *b, char **out)
{
	char *end = b->len ? memchr(b->bytes, '\n', b->len) : NULL;
	size_t line_len = end ? (size_t)(end - b->bytes) : 0;

	if (!end)
		return false;
	*out = malloc(line_len + 1);
	if (!*out)
		return false;
	memcpy(*out, b->bytes, line_len);
	(*out)[line_len] = '\0';
	b->len -= line_len + 1;
	memmove(b->bytes, end + 1, b->len);
	return true;
}

void line_buffer_fini(struct line_buffer *b)
{
	free(b->bytes);
	*b = (struct line_buffer){0};
}

int control_message_parse(const char *line, struct control_message *out, struct error *err)
{
	json_error_t why;
	const char *cmd;

	*out = (struct control_message){0};
	out->body = json_loads(line, JSON_REJECT_DUPLICATES, &why);
	if (!json_is_object(out->body))
		return error_set(err, -EINVAL, "a request is one JSON object on one line (%s)",
				 out->body ? "this is another value" : why.text);
	out->id = json_object_get(out->body, "id");
	cmd = json_string_value(json_object_get(out->body, "cmd"));
	if (!cmd || strlen(cmd) >= sizeof(out->cmd))
		return error_set(err, -EINVAL,
				 "a request names its command: {\"id\": 1, \"cmd\": \"status\"}");
	snprintf(out->cmd, sizeof(out->cmd), "%s", cmd);
	return 0;
}

void control_message_fini(struct control_message *m)
{
	json_decref(m->body);
	*m = (struct control_message){0};
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + DECIMAL : -1;
}

int control_hex_decode(const char *text, uint8_t *out, size_t max)
{
	size_t len = 0;

	while (*text) {
		int high, low;

		if (isspace((unsigned char)*text) || *text == ':') {
			text++;
			continue;
		}
		high = hex_digit(text[0]);
		low = high < 0 ? -1 : hex_digit(text[1]);
		if (low < 0)
			return -EINVAL;
		if (len == max)
			return -E2BIG;
		out[len++] = (uint8_t)(high << NIBBLE_BITS | low);
		text += HEX_PER_BYTE;
	}
	return (int)len;
}
