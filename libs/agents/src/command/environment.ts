import { invalidInput } from '../input';

/**
 * Variables that make an allowed program load or run something else. Refusing them keeps the allow list a list of what
 * runs; it cannot tame a program that runs commands by itself (a shell, `find -exec`), so such programs should not be listed.
 */
const refusedNames = new Set([
  'PATH',
  'IFS',
  'ENV',
  'BASH_ENV',
  'BASHOPTS',
  'SHELLOPTS',
  'PS4',
  'PROMPT_COMMAND',
  'CDPATH',
  'GLOBIGNORE',
  'ZDOTDIR',
  'NODE_OPTIONS',
  'NODE_PATH',
  'NODE_REPL_EXTERNAL_MODULE',
  'ELECTRON_RUN_AS_NODE',
  'DENO_DIR',
  'BUN_INSPECT',
  'PYTHONPATH',
  'PYTHONHOME',
  'PYTHONSTARTUP',
  'PYTHONINSPECT',
  'PYTHONBREAKPOINT',
  'PYTHONUSERBASE',
  'PERL5OPT',
  'PERL5LIB',
  'PERLLIB',
  'PERL5DB',
  'RUBYOPT',
  'RUBYLIB',
  'LUA_INIT',
  'LUA_PATH',
  'LUA_CPATH',
  'JAVA_TOOL_OPTIONS',
  '_JAVA_OPTIONS',
  'JDK_JAVA_OPTIONS',
  'JAVA_OPTIONS',
  'CLASSPATH',
  'MAVEN_OPTS',
  'GRADLE_OPTS',
  'DOTNET_STARTUP_HOOKS',
  'CORECLR_PROFILER',
  'COR_PROFILER',
  'R_PROFILE',
  'R_PROFILE_USER',
  'PHPRC',
  'PHP_INI_SCAN_DIR',
  'GIT_SSH',
  'GIT_SSH_COMMAND',
  'GIT_EXEC_PATH',
  'GIT_PAGER',
  'GIT_EDITOR',
  'GIT_SEQUENCE_EDITOR',
  'GIT_ASKPASS',
  'GIT_EXTERNAL_DIFF',
  'GIT_PROXY_COMMAND',
  'GIT_TEMPLATE_DIR',
  'GIT_CONFIG',
  'SSH_ASKPASS',
  'EDITOR',
  'VISUAL',
  'PAGER',
  'MANPAGER',
  'LESSOPEN',
  'LESSCLOSE',
  'BROWSER',
  'SHELL',
  'OPENSSL_CONF',
  'OPENSSL_MODULES',
  'OPENSSL_ENGINES',
  'GCONV_PATH',
  'NLSPATH',
  'LOCPATH',
  'HOSTALIASES',
  'RESOLV_HOST_CONF',
  'MAKEFLAGS',
  'MFLAGS',
  'RUSTC_WRAPPER',
  'TERMINFO',
  'TERMINFO_DIRS',
  'TERMCAP',
]);
const refusedPrefixes = ['LD_', 'DYLD_', 'GIT_CONFIG_', 'BASH_FUNC_', 'NPM_CONFIG_', 'BRAID_', 'MALLOC_', 'GLIBC_'];

/**
 * The whole environment of a command: PATH and LANG of the runner, HOME and TMPDIR in the scratch folder, and what the
 * playbook gave. Nothing else of the runner's environment is passed on.
 * @throws AgentError `invalid-input` for variables that are refused.
 */
export function commandEnvironment(
  given: { readonly [name: string]: string },
  runner: { readonly path: string; readonly lang: string; readonly scratchDir: string },
): { readonly [name: string]: string } {
  for (const [name, value] of Object.entries(given)) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
      throw invalidInput(`"${name.slice(0, 100)}" is not a name of a variable`);
    if (value.includes('\0')) throw invalidInput(`the variable ${name} holds a NUL character`);
    const upper = name.toUpperCase();
    if (refusedNames.has(upper) || refusedPrefixes.some((prefix) => upper.startsWith(prefix))) {
      throw invalidInput(`the variable ${name} is refused: it can make a program load or run something else`);
    }
  }
  return { PATH: runner.path, LANG: runner.lang, HOME: runner.scratchDir, TMPDIR: runner.scratchDir, ...given };
}
