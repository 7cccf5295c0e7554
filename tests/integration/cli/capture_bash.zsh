# SPDX-License-Identifier: Apache-2.0
# Types $2 and a tab into an interactive bash in a pseudo-terminal, in ~/etc and with the
# completions of the program $1, and prints what it shows.
zmodload zsh/zpty
# With -e: readline shows nothing on a terminal that does not echo.
zpty -e b bash --norc -i
zpty -w b "cd ~/etc; source <($1 completion bash); bind 'set enable-bracketed-paste off'"
# The line editor shows the prompt once it has the terminal.
zpty -w b "PS1='editor-\$((1+1)) '"
zpty -r -m b out '*editor-2*' || exit 1
zpty -w -n b "$2"$'\t'
zpty -w -n b $'\x15'
zpty -w b "echo end-\$((1+1))"
zpty -r -m b out '*end-2*'
print -r -- "$out"
zpty -d b
