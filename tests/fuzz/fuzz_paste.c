/*
 * fuzz_paste.c - any bytes as pasted cards and as a longwire: line; what is found can be given on
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "keys/paste.h"

enum {
	CARDS_MAX = 8,
};

static const char NAME[] = "standard input";

static void must_be(const struct card *a, const struct card *b, const char *what)
{
	fuzz_must(card_equal(a, b), what);
}

/* As a file, as a line, and pasted again: the same card. */
static void check_card(const struct card *card)
{
	char text[CARD_TEXT_BYTES];
	struct paste_source source = {.name = NAME, .text = text};
	struct pasted pasted;
	struct card again;
	struct error err = {0};

	card_format(card, text);
	fuzz_must(card_parse(NAME, text, strlen(text), &again, &err) == 0, err.text);
	must_be(card, &again, "a card is another one when it is written and read");
	source.len = strlen(text);
	fuzz_must(paste_read(&source, &pasted, 1, &err) == 1, err.text);
	must_be(card, &pasted.card, "a card is another one when it is pasted");
	card_format_uri(card, text);
	fuzz_must(card_parse_uri(text, &again, &err) == 0, err.text);
	must_be(card, &again, "a card is another one when it is written as a line");
	source.len = strlen(text);
	fuzz_must(paste_read(&source, &pasted, 1, &err) == 1, err.text);
	must_be(card, &pasted.card, "a card is another one when its line is pasted");
}

static void check_pasted(const char *text, size_t len)
{
	struct paste_source source = {.name = NAME, .text = text, .len = len};
	struct pasted found[CARDS_MAX];
	struct error err = {0};
	int count = paste_read(&source, found, CARDS_MAX, &err);

	fuzz_must(count != 0 && count <= CARDS_MAX, "no card, and no refusal");
	if (count < 0)
		fuzz_must(strncmp(err.text, NAME, strlen(NAME)) == 0,
			  "a refusal without its place");
	for (int i = 0; i < count; i++) {
		fuzz_must(found[i].line > 0, "a card without a place");
		check_card(&found[i].card);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	uint8_t *exact = fuzz_exact(data, size);
	struct card card;

	fuzz_must(text != NULL, "out of memory");
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	check_pasted((const char *)exact, size);
	if (card_parse_uri(text, &card, NULL) == 0)
		check_card(&card);
	if (card_parse(NAME, (const char *)exact, size, &card, NULL) == 0)
		check_card(&card);
	free(exact);
	free(text);
	return 0;
}
