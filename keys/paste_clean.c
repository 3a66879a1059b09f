/*
 * paste_clean.c - see paste_clean.h
 */
#include "paste_clean.h"

#include <string.h>

enum {
	GONE = 0
};

/* UTF-8 of what mail programs, chats and word processors like to put in. */
static const struct {
	const char *from;
	char to;
} REPLACEMENTS[] = {
	{"\r\n", '\n'},
	{"\r", '\n'},
	{"\t", ' '},
	{"\"", ' '},
	{"'", ' '},
	{"`", ' '},
	{"\xc2\xa0", ' '},     /* no-break space */
	{"\xe2\x80\x87", ' '}, /* figure space */
	{"\xe2\x80\xaf", ' '}, /* narrow no-break space */
	{"\xe3\x80\x80", ' '}, /* ideographic space */
	{"\xc2\xab", ' '},     /* guillemets */
	{"\xc2\xbb", ' '},
	{"\xe2\x80\x98", ' '}, /* single quotation marks, left, right, low, reversed */
	{"\xe2\x80\x99", ' '},
	{"\xe2\x80\x9a", ' '},
	{"\xe2\x80\x9b", ' '},
	{"\xe2\x80\x9c", ' '}, /* double ones */
	{"\xe2\x80\x9d", ' '},
	{"\xe2\x80\x9e", ' '},
	{"\xe2\x80\x9f", ' '},
	{"\xe2\x80\x90", '-'}, /* hyphens and dashes */
	{"\xe2\x80\x91", '-'},
	{"\xe2\x80\x92", '-'},
	{"\xe2\x80\x93", '-'},
	{"\xe2\x80\x94", '-'},
	{"\xe2\x88\x92", '-'},  /* minus */
	{"\xe2\x80\xa8", '\n'}, /* line and paragraph separators */
	{"\xe2\x80\xa9", '\n'},
	{"\xc2\xad", GONE},     /* soft hyphen */
	{"\xe2\x80\x8b", GONE}, /* zero-width space, non-joiner, joiner, direction marks */
	{"\xe2\x80\x8c", GONE},
	{"\xe2\x80\x8d", GONE},
	{"\xe2\x80\x8e", GONE},
	{"\xe2\x80\x8f", GONE},
	{"\xe2\x80\xaa", GONE}, /* direction embeddings and overrides */
	{"\xe2\x80\xab", GONE},
	{"\xe2\x80\xac", GONE},
	{"\xe2\x80\xad", GONE},
	{"\xe2\x80\xae", GONE},
	{"\xe2\x81\xa0", GONE}, /* word joiner */
	{"\xe2\x81\xa6", GONE}, /* direction isolates */
	{"\xe2\x81\xa7", GONE},
	{"\xe2\x81\xa8", GONE},
	{"\xe2\x81\xa9", GONE},
	{"\xef\xbb\xbf", GONE}, /* byte order mark */
};

/* Append the replacement for what stands at @text. Return: how many bytes it was, 0 if none */
static size_t replace(const char *text, size_t len, char **out)
{
	for (size_t i = 0; i < sizeof(REPLACEMENTS) / sizeof(REPLACEMENTS[0]); i++) {
		size_t n = strlen(REPLACEMENTS[i].from);

		if (n > len || memcmp(text, REPLACEMENTS[i].from, n) != 0)
			continue;
		if (REPLACEMENTS[i].to != GONE)
			*(*out)++ = REPLACEMENTS[i].to;
		return n;
	}
	return 0;
}

void paste_clean(const char *text, size_t len, char *out)
{
	for (size_t i = 0; i < len;) {
		size_t n = replace(text + i, len - i, &out);

		if (n == 0) {
			*out++ = text[i] ? text[i] : ' ';
			n = 1;
		}
		i += n;
	}
	*out = '\0';
}

char *paste_unquote(char *line)
{
	return line + strspn(line, " >|");
}
