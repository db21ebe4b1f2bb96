/* SPDX-License-Identifier: Apache-2.0 */
/* Completion for bash and zsh, printed from the tables of commands and options. */
#include <stdio.h>
#include <string.h>

#include "ctl/command.h"
#include "ctl/escape.h"

static void put_options(void)
{
    for (size_t i = 0; i < ct_option_count; i++) {
        printf("%s--%s", i > 0 ? " " : "", ct_option_table[i].name);
    }
}

/* Whether the entry before has the same first word. */
static bool follows(size_t i)
{
    size_t len = strcspn(ct_commands[i].name, " ");

    return i > 0 && strcspn(ct_commands[i - 1].name, " ") == len &&
           strncmp(ct_commands[i - 1].name, ct_commands[i].name, len) == 0;
}

/* The first words, each once. */
static void put_first_words(void)
{
    for (size_t i = 0; i < ct_command_count; i++) {
        if (!follows(i)) {
            printf("%s%.*s", i > 0 ? " " : "", (int)strcspn(ct_commands[i].name, " "),
                   ct_commands[i].name);
        }
    }
}

/* The second words of the commands from `i` on that have the same first one. */
static void put_second_words_of(size_t i)
{
    const char *between = "";

    do {
        printf("%s%s", between, strchr(ct_commands[i].name, ' ') + 1);
        between = " ";
        i++;
    } while (i < ct_command_count && follows(i));
}

/* Lines of a case statement: the words behind each first word that has some. */
static void put_second_words(void)
{
    for (size_t i = 0; i < ct_command_count; i++) {
        const char *name = ct_commands[i].name;
        char first[32];

        (void)snprintf(first, sizeof(first), "%.*s", (int)strcspn(name, " "), name);
        if (strchr(name, ' ') != NULL && !follows(i)) {
            printf("    %s) words='", first);
            put_second_words_of(i);
            printf("' ;;\n");
        }
    }
}

static const char *offer_words(enum ct_offer offer)
{
    switch (offer) {
    case CT_OFFER_VM:
        return "$(_vgpuctl_names vms name)";
    case CT_OFFER_GPU:
        return "$(_vgpuctl_names gpus uuid)";
    case CT_OFFER_POOL:
        return "$(_vgpuctl_names pools name)";
    case CT_OFFER_TARGET:
        return "local $(_vgpuctl_names vms name)";
    case CT_OFFER_SHELL:
        return "bash zsh";
    case CT_OFFER_NONE:
        break;
    }
    return NULL;
}

static void put_arguments(void)
{
    for (size_t i = 0; i < ct_command_count; i++) {
        const char *words = offer_words(ct_commands[i].offer);

        if (words != NULL) {
            printf("    '%s') words=\"%s\" ;;\n", ct_commands[i].name, words);
        }
    }
}

/* What both shells share: $words for the words before the one that is typed. */
static void put_function(void)
{
    printf("# SPDX-License-Identifier: Apache-2.0\n"
           "# Made by vgpuctl completion.\n"
           "_vgpuctl_names() {\n"
           "    vgpuctl --json \"$1\" 2>/dev/null | sed -n \"s/^ *\\\"$2\\\": "
           "\\\"\\([A-Za-z0-9._-]*\\)\\\".*/\\1/p\"\n"
           "}\n"
           "\n"
           "# Sets words: what may follow the words of the command line.\n"
           "_vgpuctl_words() {\n"
           "    words=''\n"
           "    case \"$*\" in\n"
           "    '') words='");
    put_first_words();
    printf("' ;;\n");
    put_second_words();
    put_arguments();
    printf("    esac\n"
           "}\n"
           "\n");
}

static void put_bash(void)
{
    put_function();
    printf("_vgpuctl() {\n"
           "    local words typed=${COMP_WORDS[COMP_CWORD]} said=() i\n"
           "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
           "        [[ ${COMP_WORDS[i]} == -* ]] || said+=(\"${COMP_WORDS[i]}\")\n"
           "    done\n"
           "    if [[ $typed == -* ]]; then\n"
           "        words='");
    put_options();
    printf("'\n"
           "    else\n"
           "        _vgpuctl_words ${said[@]+\"${said[@]}\"}\n"
           "    fi\n"
           "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$typed\")\n"
           "}\n"
           "complete -F _vgpuctl vgpuctl\n");
}

static void put_zsh(void)
{
    printf("#compdef vgpuctl\n");
    put_function();
    printf("_vgpuctl() {\n"
           "    local typed=${words[CURRENT]} said=(${${words[2,CURRENT-1]}:#-*})\n"
           "    local words\n"
           "    if [[ $typed == -* ]]; then\n"
           "        words='");
    put_options();
    printf("'\n"
           "    else\n"
           "        _vgpuctl_words $said\n"
           "    fi\n"
           "    compadd -- ${=words}\n"
           "}\n"
           "_vgpuctl \"$@\"\n");
}

enum ct_status ct_run_completion(const struct ct_options *options)
{
    struct ct_error error;
    char word[32];

    if (strcmp(options->arguments[0], "bash") == 0) {
        put_bash();
        return CT_OK;
    }
    if (strcmp(options->arguments[0], "zsh") == 0) {
        put_zsh();
        return CT_OK;
    }
    ct_error_set(&error, CT_USAGE, "completion: bash or zsh, not '%s'",
                 ct_escape(word, sizeof(word), options->arguments[0]));
    return ct_error_report(options, &error);
}
