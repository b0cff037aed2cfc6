# bash completion for broker; made by `npm run generate`.
_broker() {
  local cur prev verb
  cur="${COMP_WORDS[COMP_CWORD]}"
  prev="${COMP_WORDS[COMP_CWORD-1]}"
  if (( COMP_CWORD == 1 )); then
    COMPREPLY=($(compgen -W 'agent approvals completion config connect connections doctor exec export init login logout mask mcp policy proxy query replay report request run secrets sessions status tools verify whoami --help --version' -- "$cur"))
    return
  fi
  verb="${COMP_WORDS[1]}"
  if (( COMP_CWORD == 2 )); then
    case "$verb" in
    agent) COMPREPLY=($(compgen -W 'logs start status stop' -- "$cur")); return ;;
    approvals) COMPREPLY=($(compgen -W 'approve deny ls revoke show watch' -- "$cur")); return ;;
    config) COMPREPLY=($(compgen -W 'check schema show' -- "$cur")); return ;;
    connections) COMPREPLY=($(compgen -W 'add ls show test' -- "$cur")); return ;;
    mask) COMPREPLY=($(compgen -W 'scan test' -- "$cur")); return ;;
    mcp) COMPREPLY=($(compgen -W 'install ls uninstall' -- "$cur") $(compgen -W "$(broker complete connections 2>/dev/null)" -- "$cur")); return ;;
    policy) COMPREPLY=($(compgen -W 'check explain fmt log push show test' -- "$cur")); return ;;
    secrets) COMPREPLY=($(compgen -W 'ls rm set' -- "$cur")); return ;;
    sessions) COMPREPLY=($(compgen -W 'kill ls show tail' -- "$cur")); return ;;
    tools) COMPREPLY=($(compgen -W 'ls trust' -- "$cur")); return ;;
    esac
  fi
  case "$verb" in
    agent|approvals|config|connections|mask|policy|secrets|sessions|tools) verb="$verb ${COMP_WORDS[2]}" ;;
    mcp) case "${COMP_WORDS[2]}" in install|ls|uninstall) verb="$verb ${COMP_WORDS[2]}" ;; esac ;;
  esac
  case "$verb" in
    'agent logs')
      case "$prev" in
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '-n --lines --json --no-input --config --help' -- "$cur"))
      else COMPREPLY=(); fi ;;
    'agent start')
      case "$prev" in
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '--json --no-input --config --help' -- "$cur"))
      else COMPREPLY=(); fi ;;
    'agent status')
      case "$prev" in
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '--json --no-input --config --help' -- "$cur"))
      else COMPREPLY=(); fi ;;
    'agent stop')
      case "$prev" in
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '--now --json --no-input --config --help' -- "$cur"))
      else COMPREPLY=(); fi ;;
    'approvals approve')
      case "$prev" in
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '--reason --yes --digest --no-browser --device --json --no-input --config --help' -- "$cur"))
      else COMPREPLY=($(compgen -W "$(broker complete requests 2>/dev/null)" -- "$cur")); fi ;;
    'approvals deny')
      case "$prev" in
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '--reason --json --no-input --config --help' -- "$cur"))
      else COMPREPLY=($(compgen -W "$(broker complete requests 2>/dev/null)" -- "$cur")); fi ;;
    'approvals ls')
      case "$prev" in
        --connection) COMPREPLY=($(compgen -W "$(broker complete connections 2>/dev/null)" -- "$cur")); return ;;
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '--all --connection --since --json --no-input --config --help' -- "$cur"))
      else COMPREPLY=(); fi ;;
    'approvals revoke')
      case "$prev" in
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '--reason --json --no-input --config --help' -- "$cur"))
      else COMPREPLY=($(compgen -W "$(broker complete requests 2>/dev/null)" -- "$cur")); fi ;;
    'approvals show')
      case "$prev" in
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '--json --no-input --config --help' -- "$cur"))
      else COMPREPLY=($(compgen -W "$(broker complete requests 2>/dev/null)" -- "$cur")); fi ;;
    'approvals watch')
      case "$prev" in
        --connection) COMPREPLY=($(compgen -W "$(broker complete connections 2>/dev/null)" -- "$cur")); return ;;
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '--connection --since --no-bell --no-browser --device --json --no-input --config --help' -- "$cur"))
      else COMPREPLY=(); fi ;;
    'completion')
      case "$prev" in
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '--json --no-input --config --help' -- "$cur"))
      else COMPREPLY=($(compgen -W 'bash zsh fish' -- "$cur")); fi ;;
    'config check')
      case "$prev" in
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '--json --no-input --config --help' -- "$cur"))
      else COMPREPLY=(); fi ;;
    'config schema')
      case "$prev" in
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '--json --no-input --config --help' -- "$cur"))
      else COMPREPLY=(); fi ;;
    'config show')
      case "$prev" in
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '--origin --json --no-input --config --help' -- "$cur"))
      else COMPREPLY=(); fi ;;
    'connect')
      case "$prev" in
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '--reason --json --no-input --config --help' -- "$cur"))
      else COMPREPLY=($(compgen -W "$(broker complete connections 2>/dev/null)" -- "$cur")); fi ;;
    'connections add')
      case "$prev" in
        --tls) COMPREPLY=($(compgen -W 'disable allow prefer require verify-ca verify-full' -- "$cur")); return ;;
        --credential) COMPREPLY=($(compgen -W 'env ephemeral-role exec keychain oauth oidc' -- "$cur")); return ;;
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '--host --url --port --database --tls --credential --user --set --label --protect --json --no-input --config --help' -- "$cur"))
      else COMPREPLY=(); fi ;;
    'connections ls')
      case "$prev" in
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '--json --no-input --config --help' -- "$cur"))
      else COMPREPLY=(); fi ;;
    'connections show')
      case "$prev" in
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '--json --no-input --config --help' -- "$cur"))
      else COMPREPLY=($(compgen -W "$(broker complete connections 2>/dev/null)" -- "$cur")); fi ;;
    'connections test')
      case "$prev" in
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '--json --no-input --config --help' -- "$cur"))
      else COMPREPLY=($(compgen -W "$(broker complete connections 2>/dev/null)" -- "$cur")); fi ;;
    'doctor')
      case "$prev" in
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '--store --json --no-input --config --help' -- "$cur"))
      else COMPREPLY=(); fi ;;
    'exec')
      case "$prev" in
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '--reason --json --no-input --config --help' -- "$cur"))
      else COMPREPLY=($(compgen -W "$(broker complete connections 2>/dev/null)" -- "$cur")); fi ;;
    'export')
      case "$prev" in
        --connection) COMPREPLY=($(compgen -W "$(broker complete connections 2>/dev/null)" -- "$cur")); return ;;
        --decision) COMPREPLY=($(compgen -W 'allow ask deny' -- "$cur")); return ;;
        --format) COMPREPLY=($(compgen -W 'bundle html oscal jsonl csv parquet cast ocsf cast-v3' -- "$cur")); return ;;
        -o|--output) COMPREPLY=($(compgen -d -- "$cur")); return ;;
        --checkpoint) COMPREPLY=($(compgen -f -- "$cur")); return ;;
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '--since --until --user --bot --connection --decision --rule --model --data-type --text --format -o --output --withhold --withhold-text --checkpoint --compact --offline --json --no-input --config --help' -- "$cur"))
      else COMPREPLY=(); fi ;;
    'init')
      case "$prev" in
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '--issuer --client-id --target-client-id --store --people --approvers --auditors --json --no-input --config --help' -- "$cur"))
      else COMPREPLY=(); fi ;;
    'login')
      case "$prev" in
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '--no-browser --device --url --json --no-input --config --help' -- "$cur"))
      else COMPREPLY=($(compgen -W "$(broker complete connections 2>/dev/null)" -- "$cur")); fi ;;
    'logout')
      case "$prev" in
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '--url --json --no-input --config --help' -- "$cur"))
      else COMPREPLY=($(compgen -W "$(broker complete connections 2>/dev/null)" -- "$cur")); fi ;;
    'mask scan')
      case "$prev" in
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '--sample --write --json --no-input --config --help' -- "$cur"))
      else COMPREPLY=($(compgen -W "$(broker complete connections 2>/dev/null)" -- "$cur")); fi ;;
    'mask test')
      case "$prev" in
        --strategy) COMPREPLY=($(compgen -W 'redact partial hash null' -- "$cur")); return ;;
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '--type --strategy --json --no-input --config --help' -- "$cur"))
      else COMPREPLY=($(compgen -f -- "$cur")); fi ;;
    'mcp')
      case "$prev" in
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '--with --url --reason --hold --json --no-input --config --help' -- "$cur"))
      else COMPREPLY=($(compgen -W "$(broker complete connections 2>/dev/null)" -- "$cur")); fi ;;
    'mcp install')
      case "$prev" in
        --connection) COMPREPLY=($(compgen -W "$(broker complete connections 2>/dev/null)" -- "$cur")); return ;;
        --scope) COMPREPLY=($(compgen -W 'user project local' -- "$cur")); return ;;
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '--connection --with --host --scope --all --dry-run --yes --json --no-input --config --help' -- "$cur"))
      else COMPREPLY=(); fi ;;
    'mcp ls')
      case "$prev" in
        --scope) COMPREPLY=($(compgen -W 'user project local' -- "$cur")); return ;;
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '--host --scope --json --no-input --config --help' -- "$cur"))
      else COMPREPLY=(); fi ;;
    'mcp uninstall')
      case "$prev" in
        --scope) COMPREPLY=($(compgen -W 'user project local' -- "$cur")); return ;;
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '--host --scope --all --dry-run --yes --json --no-input --config --help' -- "$cur"))
      else COMPREPLY=(); fi ;;
    'policy check')
      case "$prev" in
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '--json --no-input --config --help' -- "$cur"))
      else COMPREPLY=($(compgen -f -- "$cur")); fi ;;
    'policy explain')
      case "$prev" in
        --against) COMPREPLY=($(compgen -f -- "$cur")); return ;;
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '--as-group --as-bot --against --json --no-input --config --help' -- "$cur"))
      else COMPREPLY=($(compgen -W "$(broker complete connections 2>/dev/null)" -- "$cur")); fi ;;
    'policy fmt')
      case "$prev" in
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '--check --json --no-input --config --help' -- "$cur"))
      else COMPREPLY=($(compgen -f -- "$cur")); fi ;;
    'policy log')
      case "$prev" in
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '--json --no-input --config --help' -- "$cur"))
      else COMPREPLY=(); fi ;;
    'policy push')
      case "$prev" in
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '--store --reason --dry-run --again --yes --no-browser --device --json --no-input --config --help' -- "$cur"))
      else COMPREPLY=($(compgen -f -- "$cur")); fi ;;
    'policy show')
      case "$prev" in
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '--published --version --json --no-input --config --help' -- "$cur"))
      else COMPREPLY=(); fi ;;
    'policy test')
      case "$prev" in
        --report) COMPREPLY=($(compgen -W 'text tap junit' -- "$cur")); return ;;
        --against) COMPREPLY=($(compgen -f -- "$cur")); return ;;
        --connection) COMPREPLY=($(compgen -W "$(broker complete connections 2>/dev/null)" -- "$cur")); return ;;
        --session) COMPREPLY=($(compgen -W "$(broker complete sessions 2>/dev/null)" -- "$cur")); return ;;
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '--report --replay --against --since --until --connection --session --unverified --json --no-input --config --help' -- "$cur"))
      else COMPREPLY=($(compgen -f -- "$cur")); fi ;;
    'proxy')
      case "$prev" in
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '--port --reason --json --no-input --config --help' -- "$cur"))
      else COMPREPLY=($(compgen -W "$(broker complete connections 2>/dev/null)" -- "$cur")); fi ;;
    'query')
      case "$prev" in
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '--csv --reason --json --no-input --config --help' -- "$cur"))
      else COMPREPLY=($(compgen -W "$(broker complete connections 2>/dev/null)" -- "$cur")); fi ;;
    'replay')
      case "$prev" in
        --to-html) COMPREPLY=($(compgen -f -- "$cur")); return ;;
        --to-cast) COMPREPLY=($(compgen -f -- "$cur")); return ;;
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '--speed --max-idle --no-wait --plain --to-html --to-cast --json --no-input --config --help' -- "$cur"))
      else COMPREPLY=($(compgen -W "$(broker complete sessions 2>/dev/null)" -- "$cur")); fi ;;
    'report')
      case "$prev" in
        --framework) COMPREPLY=($(compgen -W 'nist-800-53' -- "$cur")); return ;;
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '--framework --since --until --offline --json --no-input --config --help' -- "$cur"))
      else COMPREPLY=(); fi ;;
    'request')
      case "$prev" in
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '--for --reason --no-wait --json --no-input --config --help' -- "$cur"))
      else COMPREPLY=($(compgen -W "$(broker complete connections 2>/dev/null)" -- "$cur")); fi ;;
    'run')
      case "$prev" in
        --with) COMPREPLY=($(compgen -W "$(broker complete connections 2>/dev/null)" -- "$cur")); return ;;
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '--with --as --no-models --reason --json --no-input --config --help' -- "$cur"))
      else COMPREPLY=(); fi ;;
    'secrets ls')
      case "$prev" in
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '--json --no-input --config --help' -- "$cur"))
      else COMPREPLY=(); fi ;;
    'secrets rm')
      case "$prev" in
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '--json --no-input --config --help' -- "$cur"))
      else COMPREPLY=(); fi ;;
    'secrets set')
      case "$prev" in
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '--json --no-input --config --help' -- "$cur"))
      else COMPREPLY=(); fi ;;
    'sessions kill')
      case "$prev" in
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '--reason --json --no-input --config --help' -- "$cur"))
      else COMPREPLY=($(compgen -W "$(broker complete sessions 2>/dev/null)" -- "$cur")); fi ;;
    'sessions ls')
      case "$prev" in
        --connection) COMPREPLY=($(compgen -W "$(broker complete connections 2>/dev/null)" -- "$cur")); return ;;
        --decision) COMPREPLY=($(compgen -W 'allow ask deny' -- "$cur")); return ;;
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '--since --until --user --bot --connection --decision --json --no-input --config --help' -- "$cur"))
      else COMPREPLY=(); fi ;;
    'sessions show')
      case "$prev" in
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '--json --no-input --config --help' -- "$cur"))
      else COMPREPLY=($(compgen -W "$(broker complete sessions 2>/dev/null)" -- "$cur")); fi ;;
    'sessions tail')
      case "$prev" in
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '--json --no-input --config --help' -- "$cur"))
      else COMPREPLY=($(compgen -W "$(broker complete sessions 2>/dev/null)" -- "$cur")); fi ;;
    'status')
      case "$prev" in
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '-w --watch --json --no-input --config --help' -- "$cur"))
      else COMPREPLY=(); fi ;;
    'tools ls')
      case "$prev" in
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '--changed --json --no-input --config --help' -- "$cur"))
      else COMPREPLY=(); fi ;;
    'tools trust')
      case "$prev" in
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '--json --no-input --config --help' -- "$cur"))
      else COMPREPLY=(); fi ;;
    'verify')
      case "$prev" in
        --checkpoint) COMPREPLY=($(compgen -f -- "$cur")); return ;;
        --target-log) COMPREPLY=($(compgen -f -- "$cur")); return ;;
        --tsa) COMPREPLY=($(compgen -f -- "$cur")); return ;;
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '--since --until --checkpoint --target-log --tsa --deep --offline --json --no-input --config --help' -- "$cur"))
      else COMPREPLY=($(compgen -d -- "$cur")); fi ;;
    'whoami')
      case "$prev" in
        --config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W '--json --no-input --config --help' -- "$cur"))
      else COMPREPLY=(); fi ;;
  esac
}
complete -o default -F _broker broker
