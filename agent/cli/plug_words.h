/*
 * plug_words.h - the argument of longwire plug, as its user means it
 *
 * Layer: agent (command line). Pure.
 */
#ifndef AGENT_CLI_PLUG_WORDS_H
#define AGENT_CLI_PLUG_WORDS_H

/**
 * plug_words_from() - Make relative paths absolute
 * @words:	TYPE,key=value,...; a comma in a value is written twice
 * @folder:	absolute: where they begin. The agent would take them for paths in its own folder
 *
 * What is wrong in @words stays so, for the agent to say.
 *
 * Return: heap memory for free(), or NULL without memory
 */
char *plug_words_from(const char *words, const char *folder);

#endif
