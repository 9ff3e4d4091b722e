/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within the command: its verbs, and what each of them speaks with. */
#pragma once

#include "cli/output/json.h"
#include "cli/output/output.h"

#define COMMAND_CANNOT_RUN 125 /* as env(1) has them */
#define COMMAND_NOT_EXECUTABLE 126
#define COMMAND_NOT_FOUND 127

/* Each takes its own arguments, argv[0] its name, and returns the exit status. */
int run_main(int argc, char *argv[]);
int create_main(int argc, char *argv[]);
int delete_main(int argc, char *argv[]);
int list_main(int argc, char *argv[]);
int check_main(int argc, char *argv[]);
int doctor_main(int argc, char *argv[]);
int lint_main(int argc, char *argv[]);
int show_main(int argc, char *argv[]);
int import_main(int argc, char *argv[]);
