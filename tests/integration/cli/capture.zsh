# SPDX-License-Identifier: Apache-2.0
# Types $1 and two tabs into an interactive zsh in a pseudo-terminal, and prints what it shows.
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z "PS1=; unset zle_bracketed_paste; autoload -Uz compinit; compinit -u -D"
zpty -w z "zstyle ':completion:*' list-prompt ''; zstyle ':completion:*' menu no; LISTMAX=1000"
zpty -w z "eval \"\$(holdfast completion zsh)\"; eval \"\$(holdfast-queue-worker completion zsh)\""
# Said once the line editor has the terminal: a Tab before that would be the terminal's own.
zpty -w z "zle-line-init() { print editor-\$((1+1)) }; zle -N zle-line-init"
zpty -r -m z out '*editor-2*' || exit 1
zpty -w -n z "$1"$'\t\t'
zpty -w -n z $'\x15'
zpty -w z "print end-\$((1+1))"
zpty -r -m z out '*end-2*'
print -r -- "$out"
zpty -d z
