/*
 * plug_words.c - see plug_words.h
 */
#include "plug_words.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char *const PATH_TYPES[] = {"dgram", "stream"};
static const char *const PATH_KEYS[] = {"local=", "remote=", "listen=", "connect="};

/* Return: length of the word that begins at @at, up to a comma that stands alone */
static size_t word_len(const char *at)
{
	size_t len = 0;

	for (; at[len]; len++) {
		if (at[len] != ',')
			continue;
		if (at[len + 1] != ',')
			break;
		len++;
	}
	return len;
}

static bool takes_paths(const char *words)
{
	size_t len = word_len(words);

	for (size_t i = 0; i < sizeof(PATH_TYPES) / sizeof(PATH_TYPES[0]); i++)
		if (len == strlen(PATH_TYPES[i]) && strncmp(words, PATH_TYPES[i], len) == 0)
			return true;
	return false;
}

/* As endpoint_parse() tells a path from an address and a name */
static bool is_relative(const char *value, size_t len)
{
	if (len == 0 || value[0] == '/' || value[0] == '@')
		return false;
	return memchr(value, '/', len) || !memchr(value, ':', len);
}

/* Return: length of "key=" in front of a relative path; 0 if there is none in this word */
static size_t key_len(const char *word, size_t len)
{
	for (size_t i = 0; i < sizeof(PATH_KEYS) / sizeof(PATH_KEYS[0]); i++) {
		size_t key = strlen(PATH_KEYS[i]);

		if (len > key && strncmp(word, PATH_KEYS[i], key) == 0)
			return is_relative(word + key, len - key) ? key : 0;
	}
	return 0;
}

static void put_folder(FILE *out, const char *folder)
{
	for (const char *c = folder; *c && strcmp(folder, "/") != 0; c++) {
		if (*c == ',')
			fputc(',', out);
		fputc(*c, out);
	}
	fputc('/', out);
}

static void put_word(FILE *out, const char *word, size_t len, const char *folder)
{
	size_t key = key_len(word, len);

	fwrite(word, 1, key, out);
	if (key)
		put_folder(out, folder);
	if (key && strncmp(word + key, "./", 2) == 0)
		key += 2;
	fwrite(word + key, 1, len - key, out);
}

char *plug_words_from(const char *words, const char *folder)
{
	bool has_paths = takes_paths(words);
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	while (out && *words) {
		size_t len = word_len(words);

		if (has_paths)
			put_word(out, words, len, folder);
		else
			fwrite(words, 1, len, out);
		words += len;
		if (*words)
			fputc(*words++, out);
	}
	if (!out || fclose(out) != 0)
		return NULL;
	return text;
}
