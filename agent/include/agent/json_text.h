/*
 * json_text.h - text from anywhere as JSON, which is UTF-8
 *
 * Layer: agent. Pure. jansson makes nothing of text that is not valid UTF-8, and an object that should
 * hold it then lacks the key, or is not made at all. Paths, what stands in somebody's file and what a
 * client sent may hold any bytes, and a message may be cut within a character.
 */
#ifndef AGENT_JSON_TEXT_H
#define AGENT_JSON_TEXT_H

#include <jansson.h>

/**
 * json_text() - @text as it is; if it is no UTF-8, with '?' for each byte that is not ASCII
 *
 * Return: a new string, the caller's; NULL without memory
 */
json_t *json_text(const char *text);

#endif
