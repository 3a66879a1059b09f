/*
 * command.h - commands that we print for people to paste
 *
 * Layer: agent. Text only. Whoever pastes one may sit in another folder and at another terminal, with
 * other variables, so a command names the program and the folder in full.
 */
#ifndef AGENT_COMMAND_H
#define AGENT_COMMAND_H

#include "agent/config.h"

enum {
	COMMAND_BYTES = 4 * CONFIG_PATH_BYTES /* two quoted paths and arguments */
};

/** command_set_program() - How this program was started; until then, and if the shell found it by its
 * name, it is "longwire" and the like. @argv0: as main() got it */
void command_set_program(const char *argv0);

/**
 * command_text() - A command that works as pasted, from any folder
 * @folder:	absolute path
 * @arguments:	subcommand and arguments, quoted where need be
 *
 * Return: @out, such as "/opt/longwire -C '/a folder' up"
 */
const char *command_text(const char *folder, const char *arguments, char out[COMMAND_BYTES]);

#endif
