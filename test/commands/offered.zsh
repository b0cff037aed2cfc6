# zsh -f offered.zsh COMPLETIONS 'broker conn': what an interactive zsh offers for a half-typed line, one word per line.
if [[ $1 != inside ]]; then
  zmodload zsh/zpty
  zpty shell "zsh -f -i"
  zpty -w shell "PS1=; fpath=(${(q)1} \$fpath); autoload -Uz compinit; compinit -u -D; source ${(q)0} inside; print READY"
  while zpty -r shell line; do [[ $line == READY* ]] && break; done
  zpty -n -w shell "$2"$'\t'
  while zpty -r shell line && [[ $line != *END-OF-OFFERS* ]]; do text+=$line; done
  print -r -- "${text#*BEGIN-OF-OFFERS}" | tr -d '\r' | sed '/^$/d'
  zpty -d shell
  exit
fi

typeset -ga offers
# Every way to offer a word ends in compadd; calls that only compute are let through.
compadd() {
  if [[ ${@[1,(i)(-|--)]} != *-(O|A|D)* ]]; then
    local -a hits
    builtin compadd -A hits "$@"
    offers+=("${hits[@]}")
  fi
  builtin compadd "$@"
}
offer() {
  offers=()
  zle complete-word
  print -l '' BEGIN-OF-OFFERS "${offers[@]}" END-OF-OFFERS
}
zle -N offer
bindkey '^I' offer
