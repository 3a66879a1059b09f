/*
 * keys.h - three public keys and their texts, for tests of cards
 *
 * KEY_1, KEY_2 and KEY_3 belong to the secrets 08 00 ..., 10 00 ..., 18 00 ...
 */
#ifndef TESTS_KEYS_H
#define TESTS_KEYS_H

#define KEY_1 "lw1ggkgu7nzyltmegf4pvlzhde8nauf0wrmk6z5k7puvr5qxydwxpusd99wzk"
#define KEY_2 "lw135s033amlwd08kjw75ew6380c6xwvs4ut5x9evwhhyded36wmupqjcllsm"
#define KEY_3 "lw1469sgmukedvyrjr0mzmr60tzvkeqnhaqmantm2jzk75lckthj53szhdvqj"

#endif
