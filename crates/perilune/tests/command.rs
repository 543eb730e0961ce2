//! The command as `lua`'s drop-in: command lines with what they write and how they end.
#![cfg(unix)]

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// A folder of its own for one test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("perilune-command-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder");
        Folder(path)
    }

    fn file(&self, name: impl AsRef<Path>, text: impl AsRef<[u8]>) -> &Folder {
        std::fs::write(self.0.join(name), text).expect("a file");
        self
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// One command line: under which name, with which arguments, variables and input.
struct Line<'a> {
    name: &'a str,
    args: Vec<&'a OsStr>,
    variables: &'a [(&'a str, &'a str)],
    input: &'a [u8],
}

fn line<'a>(args: &[&'a str]) -> Line<'a> {
    Line {
        name: "lua",
        args: args.iter().map(|a| OsStr::new(*a)).collect(),
        variables: &[],
        input: b"",
    }
}

struct Ended {
    out: String,
    err: String,
    code: i32,
}

impl<'a> Line<'a> {
    fn named(mut self, name: &'a str) -> Line<'a> {
        self.name = name;
        self
    }

    fn with(mut self, variables: &'a [(&'a str, &'a str)]) -> Line<'a> {
        self.variables = variables;
        self
    }

    fn input(mut self, input: &'a (impl AsRef<[u8]> + ?Sized)) -> Line<'a> {
        self.input = input.as_ref();
        self
    }

    fn run(&self, folder: &Folder) -> Ended {
        let mut child = Command::new(env!("CARGO_BIN_EXE_perilune"))
            .arg0(self.name)
            .args(&self.args)
            .current_dir(&folder.0)
            .env_clear()
            .envs(self.variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command starts");
        // A command that does not read its input may be gone before it is written.
        let _ = child.stdin.take().expect("a pipe").write_all(self.input);
        let output = child.wait_with_output().expect("the command ends");
        Ended {
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
            code: output.status.code().unwrap_or(-1),
        }
    }

    /// Success, with this on standard output and nothing on standard error.
    #[track_caller]
    fn prints(&self, folder: &Folder, out: &str) {
        self.ends(folder, out, "", 0);
    }

    /// Failure, with this on standard error and nothing on standard output.
    #[track_caller]
    fn fails(&self, folder: &Folder, err: &str) {
        self.ends(folder, "", err, 1);
    }

    #[track_caller]
    fn ends(&self, folder: &Folder, out: &str, err: &str, code: i32) {
        let ended = self.run(folder);
        assert_eq!(ended.err, err, "standard error of {:?}", self.args);
        assert_eq!(ended.out, out, "standard output of {:?}", self.args);
        assert_eq!(ended.code, code, "exit code of {:?}", self.args);
    }

    /// Failure, with a message on standard error that starts with this.
    #[track_caller]
    fn complains(&self, folder: &Folder, start: &str) {
        let ended = self.run(folder);
        assert!(ended.err.starts_with(start), "{:?}: {}", self.args, ended.err);
        assert_eq!(ended.code, 1, "exit code of {:?}", self.args);
    }
}

#[test]
fn statements_run_in_order() {
    let folder = Folder::new();
    folder.file("m.lua", "print('module') return {x = 15}");
    line(&["-eprint(1)", "-ea=3", "-e", "print(a)"]).prints(&folder, "1\n3\n");
    line(&["-e", "print(1)", "-lm", "-e", "print(m.x)"]).prints(&folder, "1\nmodule\n15\n");
    line(&["-l", "str=string", "-lm=math", "-e", "print(str.upper'x', m.pi > 3)"]).prints(&folder, "X\ttrue\n");
    // `-e` alone reads no standard input; a space is an empty statement.
    line(&["-e "]).input("print(1)").prints(&folder, "");
    line(&["-e", "error('x', 0)", "-e", "print(1)"]).fails(
        &folder,
        "lua: x\nstack traceback:\n\t[C]: in global 'error'\n\t(command line):1: in main chunk\n\t[C]: in ?\n",
    );
}

#[test]
fn a_version_is_no_part_of_the_name() {
    let folder = Folder::new();
    folder.file("lib-v2.lua", "return 7").file("a=b.lua", "return 8");
    line(&["-l", "lib-v2", "-e", "print(lib)"]).prints(&folder, "7\n");
    line(&["-l", "x=lib-v2", "-e", "print(x, lib)"]).prints(&folder, "7\tnil\n");
    line(&["-l", "x=a=b", "-e", "print(x)"]).prints(&folder, "8\n");
    line(&["-l", "nothing"]).complains(
        &folder,
        "lua: module 'nothing' not found:\n\tno field package.preload['nothing']\n",
    );
}

#[test]
fn wrong_options() {
    let folder = Folder::new();
    for option in ["-h", "---", "-Ex", "-vv", "-iv", "-Wx", "-ox", "-O2", "--stdin"] {
        line(&["-e", "print(1)", option]).complains(
            &folder,
            &format!("lua: unrecognized option '{option}'\nusage: lua [options]"),
        );
    }
    for args in [&["-e"][..], &["-l"], &["-e", "-v"], &["-l", "--"]] {
        line(args).complains(&folder, &format!("lua: '{}' needs argument\nusage: lua", args[0]));
    }
    line(&["--std", "5.3"]).complains(&folder, "lua: '--std' takes '5.4' or '5.5', not '5.3'\n");
    line(&["--registers", "3"]).complains(&folder, "lua: '--registers' takes 4 to 250, not '3'\n");
    line(&["--memory"]).complains(&folder, "lua: '--memory' needs argument\n");
    // All options are read before anything runs.
    assert_eq!(line(&["-e", "print(1)", "-x"]).run(&folder).out, "");
    let help = line(&["--help"]).run(&folder);
    assert_eq!((help.code, help.err.as_str()), (0, ""));
    for option in [
        "-e stat",
        "-W ",
        "--std V",
        "--gc-stress",
        "perilune dump",
        "perilune compile",
    ] {
        assert!(help.out.contains(option), "{option}");
    }
}

#[test]
fn versions() {
    let folder = Folder::new();
    let version = |line: Line<'_>| {
        let ended = line.run(&folder);
        assert_eq!((ended.code, ended.err.as_str()), (0, ""));
        ended.out
    };
    assert!(version(line(&["-v"])).starts_with("Lua 5.5"));
    assert!(version(line(&["-v"])).ends_with("PUC-Rio\n"));
    assert!(version(line(&["-v"]).named("lua5.4")).starts_with("Lua 5.4"));
    assert!(version(line(&["-v", "-e", "print(1)"])).ends_with("PUC-Rio\n1\n"));
    for (name, std) in [
        ("lua", "5.5"),
        ("perilune", "5.5"),
        ("/usr/bin/lua5.4", "5.4"),
        ("lua54", "5.4"),
        ("lua-5.4", "5.4"),
        ("perilune5.4", "5.4"),
        ("lua5.5", "5.5"),
        ("./x5.4/lua", "5.5"),
    ] {
        line(&["-e", "print(_VERSION)"])
            .named(name)
            .prints(&folder, &format!("Lua {std}\n"));
    }
    line(&[
        "--std",
        "5.4",
        "-e",
        "for i = 1, 2 do i = i + 1 print(i) end print(_VERSION, 2^53)",
    ])
    .prints(&folder, "2\n3\nLua 5.4\t9.007199254741e+15\n");
    line(&["--std", "5.5", "-e", "print(_VERSION)"])
        .named("lua5.4")
        .prints(&folder, "Lua 5.5\n");
}

#[test]
fn programs_for_5_4_are_told_so() {
    let folder = Folder::new();
    folder
        .file("old.lua", "for i = 1, 2 do\n  i = 3\nend\n")
        .file("uses.lua", "require 'old'\n")
        .file("bad.lua", "x = = 1\n")
        .file(
            "caught.lua",
            "print(load('for i = 1, 2 do i = 3 end')) error('other', 0)\n",
        );
    let note =
        "lua: note: this is a program for Lua 5.4: run it with the option '--std 5.4', or call perilune as 'lua5.4'\n";
    let message = "old.lua:2: attempt to assign to const variable 'i'\n";
    line(&["old.lua"]).fails(&folder, &format!("lua: {message}{note}"));
    line(&["--std", "5.4", "old.lua"]).prints(&folder, "");
    line(&["old.lua"]).named("lua5.4").prints(&folder, "");
    let ended = line(&["uses.lua"]).run(&folder);
    assert!(
        ended
            .err
            .starts_with("lua: error loading module 'old' from file './old.lua':\n\t./old.lua:2: attempt"),
        "{}",
        ended.err
    );
    assert!(ended.err.ends_with(note), "{}", ended.err);
    line(&["bad.lua"]).fails(&folder, "lua: bad.lua:1: unexpected symbol near '='\n");
    let ended = line(&["caught.lua"]).run(&folder);
    assert!(!ended.err.contains("note"), "{}", ended.err);
}

#[test]
fn scripts_and_their_arguments() {
    let folder = Folder::new();
    folder
        .file("args.lua", "print(#arg, arg[0], arg[1], arg[-1], arg[-2], ...)")
        .file("dump", "print('a script called dump', ...)")
        .file("-", "print('a script called -')")
        .file("-i", "print('a script called -i')");
    line(&["args.lua", "a", "-b"]).prints(&folder, "2\targs.lua\ta\tlua\tnil\ta\t-b\n");
    line(&["-W", "--", "args.lua", "a"]).prints(&folder, "1\targs.lua\ta\t--\t-W\ta\n");
    line(&["-e", "print(arg[0], arg[1], arg[2])"]).prints(&folder, "lua\t-e\tprint(arg[0], arg[1], arg[2])\n");
    line(&["-", "x"]).input("print(arg[0], ...)").prints(&folder, "-\tx\n");
    line(&["--"]).input("print(arg[0], ...)").prints(&folder, "lua\n");
    line(&["--", "-"]).prints(&folder, "a script called -\n");
    line(&["--", "-i"]).prints(&folder, "a script called -i\n");
    line(&["./dump", "1"])
        .named("perilune")
        .prints(&folder, "a script called dump\t1\n");
    line(&["--", "dump", "1"])
        .named("perilune")
        .prints(&folder, "a script called dump\t1\n");
    line(&["dump", "1"]).prints(&folder, "a script called dump\t1\n");
    line(&["-e", "arg[1] = 100", "-"])
        .input("print(...)")
        .prints(&folder, "100\n");
    line(&["-e", "arg = 1", "-"]).fails(&folder, "lua: 'arg' is not a table\n");
}

#[test]
fn files_that_are_no_scripts() {
    let folder = Folder::new();
    std::fs::create_dir(folder.0.join("folder")).expect("a folder");
    line(&["nofile.lua"]).fails(&folder, "lua: cannot open nofile.lua: No such file or directory\n");
    line(&["folder"]).fails(&folder, "lua: cannot read folder: Is a directory\n");
    line(&["-e", ""]).named("").prints(&folder, "");
    folder
        .file("bom.lua", b"\xef\xbb\xbfprint(3)")
        .file("comment.lua", "#!/usr/bin/lua\nprint(debug.traceback('x', 1))")
        .file("only.lua", "#no line end")
        .file("crlf.lua", "print(1)\r\nprint(\r\n2)\r\nerror('x')\r\n")
        .file("half.lua", b"\xef\xbbprint(3)")
        .file("binary.lua", b"\x1bLua and so on")
        .file(
            OsStr::from_bytes(b"na\xff\xe9me.lua"),
            "print((arg[0]:gsub('[^a-z.]', '?')), ...)",
        );
    line(&["bom.lua"]).prints(&folder, "3\n");
    line(&["comment.lua"]).prints(
        &folder,
        "x\nstack traceback:\n\tcomment.lua:2: in main chunk\n\t[C]: in ?\n",
    );
    line(&["only.lua"]).prints(&folder, "");
    let ended = line(&["crlf.lua"]).run(&folder);
    assert_eq!(ended.out, "1\n2\n");
    assert!(ended.err.starts_with("lua: crlf.lua:4: x\n"), "{}", ended.err);
    line(&["half.lua"]).complains(&folder, "lua: half.lua:1: unexpected symbol near '<\\239>'");
    let ended = line(&["binary.lua"]).run(&folder);
    assert!(
        ended.err.starts_with("lua: binary.lua: bad binary format ("),
        "{}",
        ended.err
    );
    assert!(!ended.err.contains("traceback"), "{}", ended.err);
    let mut bytes = line(&[]);
    bytes.args = vec![OsStr::from_bytes(b"na\xff\xe9me.lua"), OsStr::from_bytes(b"\xfe")];
    let ended = bytes.run(&folder);
    assert_eq!(ended.err, "");
    assert_eq!(ended.out, "na??me.lua\t\u{fffd}\n");
}

#[test]
fn binary_chunks() {
    let folder = Folder::new();
    folder
        .file("x.lua", "local t = ... print(t, debug.traceback('', 1))")
        .file("old.lua", "for i = 1, 1 do i = 2 print(i) end");
    line(&["compile", "-o", "x.plc", "x.lua"])
        .named("perilune")
        .prints(&folder, "");
    line(&["x.plc", "a"]).prints(
        &folder,
        "a\t\nstack traceback:\n\tx.lua:1: in main chunk\n\t[C]: in ?\n",
    );
    line(&["compile", "-s", "-O0", "-o", "s.plc", "x.lua"])
        .named("perilune")
        .prints(&folder, "");
    line(&["compile", "-O0", "-o", "whole.plc", "x.lua"])
        .named("perilune")
        .prints(&folder, "");
    let size = |name: &str| std::fs::metadata(folder.0.join(name)).expect("it was written").len();
    assert!(size("s.plc") < size("whole.plc"));
    line(&["s.plc", "a"]).prints(&folder, "a\t\nstack traceback:\n\t?: in main chunk\n\t[C]: in ?\n");
    line(&["compile", "-o", "old.plc", "old.lua"])
        .named("perilune")
        .complains(
            &folder,
            "perilune: old.lua:1: attempt to assign to const variable 'i'\nperilune: note: ",
        );
    line(&["compile", "--std", "5.4", "-o", "old.plc", "old.lua"])
        .named("perilune")
        .prints(&folder, "");
    line(&["--std", "5.4", "old.plc"]).prints(&folder, "2\n");
    line(&["compile", "-o", "no/folder", "x.lua"])
        .named("perilune")
        .fails(&folder, "perilune: cannot write no/folder: No such file or directory\n");
    line(&["compile", "x.lua"])
        .named("perilune")
        .complains(&folder, "perilune: 'compile' needs -o OUT and a file\n");
    let mut shell = std::fs::read(folder.0.join("x.plc")).expect("it was written");
    shell.splice(0..0, *b"#!lua\n");
    folder.file("y.plc", shell);
    line(&["y.plc", "b"]).prints(
        &folder,
        "b\t\nstack traceback:\n\tx.lua:1: in main chunk\n\t[C]: in ?\n",
    );
}

#[test]
fn stages_are_shown() {
    let folder = Folder::new();
    folder.file("x.lua", "local x = 1 return x").file("bad.lua", "x = = 1");
    for stage in ["ast", "ir", "bytecode"] {
        let ended = line(&["dump", "--stage", stage, "x.lua"])
            .named("perilune")
            .run(&folder);
        assert_eq!((ended.code, ended.err.as_str()), (0, ""));
        assert!(!ended.out.is_empty());
    }
    line(&["dump", "--stage", "soup", "x.lua"])
        .named("perilune")
        .complains(&folder, "perilune: no stage 'soup'; the stages are ast, ");
    line(&["dump", "x.lua"])
        .named("perilune")
        .complains(&folder, "perilune: 'dump' needs --stage STAGE and a file\n");
    line(&["dump", "--stage", "ir", "bad.lua"])
        .named("perilune")
        .fails(&folder, "perilune: bad.lua:1: unexpected symbol near '='\n");
}

#[test]
fn the_environment() {
    let folder = Folder::new();
    folder
        .file("path.lua", "print(package.path)")
        .file("cpath.lua", "print(package.cpath)")
        .file("x.lua", "print(X)")
        .file("init.lua", "X = (X or 0) + 1 print('init')");
    line(&["path.lua"]).with(&[("LUA_PATH", "x")]).prints(&folder, "x\n");
    line(&["path.lua"])
        .with(&[("LUA_PATH", "x"), ("LUA_PATH_5_5", "y")])
        .prints(&folder, "y\n");
    line(&["path.lua"])
        .named("lua5.4")
        .with(&[("LUA_PATH", "x"), ("LUA_PATH_5_5", "y")])
        .prints(&folder, "x\n");
    line(&["cpath.lua"]).with(&[("LUA_CPATH", "x")]).prints(&folder, "x\n");
    let builtin = line(&["path.lua"]).run(&folder).out;
    let builtin = builtin.trim_end();
    assert!(builtin.contains("/lua/5.5/?.lua;"), "{builtin}");
    for (path, shown) in [
        (";", ";".to_owned()),
        (";;", builtin.to_owned()),
        ("a;;b", format!("a;{builtin};b")),
        (";;b", format!("{builtin};b")),
        ("a;;", format!("a;{builtin}")),
        ("a;b;;c", format!("a;b;{builtin};c")),
    ] {
        line(&["path.lua"])
            .with(&[("LUA_PATH", path)])
            .prints(&folder, &format!("{shown}\n"));
    }
    line(&["-E", "path.lua"])
        .with(&[("LUA_PATH", "x"), ("LUA_INIT", "error()")])
        .prints(&folder, &format!("{builtin}\n"));
    line(&["x.lua", "3.2"])
        .with(&[("LUA_INIT", "X = tonumber(arg[1])")])
        .prints(&folder, "3.2\n");
    line(&["x.lua"])
        .with(&[("LUA_INIT_5_5", "X=10"), ("LUA_INIT", "X=3")])
        .prints(&folder, "10\n");
    line(&["x.lua"])
        .named("lua5.4")
        .with(&[("LUA_INIT_5_5", "X=10"), ("LUA_INIT", "X=3")])
        .prints(&folder, "3\n");
    line(&["x.lua"])
        .with(&[("LUA_INIT", "@init.lua")])
        .prints(&folder, "init\n1\n");
    line(&["-e", "print(X)"])
        .with(&[("LUA_INIT", "X=1")])
        .prints(&folder, "1\n");
    line(&["x.lua"])
        .with(&[("LUA_INIT", "error('msg')")])
        .complains(&folder, "lua: LUA_INIT:1: msg\nstack traceback:\n");
    line(&["x.lua"])
        .with(&[("LUA_INIT_5_5", "x x")])
        .fails(&folder, "lua: LUA_INIT_5_5:1: syntax error near 'x'\n");
    line(&["x.lua"])
        .with(&[("LUA_INIT", "@gone.lua")])
        .fails(&folder, "lua: cannot open gone.lua: No such file or directory\n");
}

#[test]
fn error_objects() {
    let folder = Folder::new();
    let trace = "stack traceback:\n\t[C]: in global 'error'\n\t(command line):1: in main chunk\n\t[C]: in ?\n";
    line(&["-e", "error{}"]).fails(&folder, &format!("lua: (error object is a table value)\n{trace}"));
    line(&["-e", "error()"]).fails(&folder, &format!("lua: <no error object>\n{trace}"));
    line(&["--std", "5.4", "-e", "error()"]).complains(&folder, "lua: (error object is a nil value)\n");
    line(&["-e", "error(12.5)"]).fails(&folder, &format!("lua: 12.5\n{trace}"));
    line(&[
        "-e",
        "error(setmetatable({}, {__tostring = function() return 'own' end}))",
    ])
    .fails(&folder, "lua: own\n");
    line(&["-e", "error(setmetatable({}, {__tostring = function() return 1 end}))"])
        .fails(&folder, &format!("lua: (error object is a table value)\n{trace}"));
    line(&["-e", "a a"]).fails(&folder, "lua: (command line):1: syntax error near 'a'\n");
}

#[test]
fn warnings() {
    let folder = Folder::new();
    line(&["-e", "warn('x')"]).prints(&folder, "");
    line(&["-W", "-e", "warn('x', 'y')"]).ends(&folder, "", "Lua warning: xy\n", 0);
    line(&["-e", "warn('x')", "-W", "-e", "warn('y')"]).ends(&folder, "", "Lua warning: y\n", 0);
    line(&["-e", "warn('@on') warn('x')"]).ends(&folder, "", "Lua warning: x\n", 0);
}

#[test]
fn standard_input() {
    let folder = Folder::new();
    line(&[]).input("print(10)\nprint(2)\n").prints(&folder, "10\n2\n");
    line(&["-"]).input("print(\n1, a\n)\n").prints(&folder, "1\tnil\n");
    line(&[])
        .input("#!lua\nerror('x')")
        .complains(&folder, "lua: stdin:2: x\n");
    // The script is what is left of the input.
    line(&["-e", "x = io.read()", "-"])
        .input("first\nprint(x)\n")
        .prints(&folder, "first\n");
    line(&[]).input("print(io.read())").prints(&folder, "nil\n");
    line(&["-e", "print(io.read('a'))"])
        .input("all")
        .prints(&folder, "all\n");
}

/// `debug.debug` shares the input with the script, and goes on after errors.
#[test]
fn the_debug_prompt() {
    let folder = Folder::new();
    let script = "print(debug.debug()) print(io.read())";
    let input = "x = 1\nprint(x)\nerror('boom')\nx = = 1\nerror(setmetatable({}, { __tostring = function() return 'own' end }))\nlocal y = 2\nprint(y, x)\ncont\nrest\n";
    let prompt = "lua_debug> ";
    let expected = format!(
        "{prompt}{prompt}{prompt}(debug command):1: boom\n{prompt}(debug command):1: unexpected symbol near '='\n{prompt}own\n{prompt}{prompt}{prompt}"
    );
    line(&["-e", script])
        .input(input)
        .ends(&folder, "1\nnil\t1\n\nrest\n", &expected, 0);
    // The end of the input ends it, too.
    line(&["-e", "debug.debug() print('on')"]).ends(&folder, "on\n", prompt, 0);
}

#[test]
fn the_prompt() {
    let folder = Folder::new();
    let session = |input: &str, out: &str, err: &str| {
        let ended = line(&["-i"]).input(input).run(&folder);
        let rest = ended.out.split_once('\n').expect("a version line").1.to_owned();
        assert_eq!(
            (rest.as_str(), ended.err.as_str(), ended.code),
            (out, err, 0),
            "{input}"
        );
    };
    session("", "> \n", "");
    session("1 + 1\nx = 5\nx, nil, 'y'\n", "> 2\n> > 5\tnil\ty\n> \n", "");
    session("x =\n5\nx", "> >> > 5\n> \n", "");
    session(
        "f = function()\nreturn 1\nend f()\nreturn f(\n), 2",
        "> >> >> > >> 1\t2\n> \n",
        "",
    );
    session("\n-- nothing\n", "> > > \n", "");
    session("x = = 1\n1", "> > 1\n> \n", "stdin:1: unexpected symbol near '='\n");
    session(
        "error('boo')",
        "> > \n",
        "stdin:1: boo\nstack traceback:\n\t[C]: in global 'error'\n\tstdin:1: in main chunk\n\t[C]: in ?\n",
    );
    session("a.", "> >> > \n", "stdin:1: <name> expected near <eof>\n");
    session(
        " local x",
        "> > \n",
        "warning: locals do not survive across lines in interactive mode\n",
    );
    session("local1 = 10\nlocal1 + 3", "> > 13\n> \n", "");
    session(
        "_PROMPT = 'alo'\n1\n_PROMPT2 = '..'\nx = (\n1)",
        "> alo1\naloalo..alo\n",
        "",
    );
    session(
        "_PROMPT = setmetatable({}, {__tostring = function() return 'T' end})",
        "> T\n",
        "",
    );
    session("io.read()\ntyped", "> typed\n> \n", "");
    session(
        "print = nil\n1",
        "> > > \n",
        "error calling 'print' (attempt to call a nil value)\n",
    );
    line(&["-i", "-e", "error('x', 0)"]).complains(&folder, "lua: x\n");
    // A prompt that fails ends the session.
    let ended = line(&["-i"])
        .input("_PROMPT = setmetatable({}, {__tostring = error})\n")
        .run(&folder);
    assert_eq!(ended.code, 1);
    // 5.4 has the old sign for an expression.
    let ended = line(&["-i"]).named("lua5.4").input("=1, 2\nlocal x").run(&folder);
    assert_eq!(
        (
            ended.out.split_once('\n').expect("a version line").1,
            ended.err.as_str()
        ),
        ("> 1\t2\n> > \n", "")
    );
}

#[test]
fn the_state_is_closed_if_asked() {
    let folder = Folder::new();
    folder
        .file(
            "close.lua",
            r#"
                local how = ...
                local a <close> = setmetatable({}, {__close = function(_, e) print("a", e) end})
                local b <close> = setmetatable({}, {__close = function(_, e) print("b", e) error("from b", 0) end})
                local f = io.open("written", "w")
                f:write("text")
                setmetatable({}, {__gc = function() print("gc") end})
                coroutine.wrap(function()
                    local c <close> = setmetatable({}, {__close = function() print("c") end})
                    os.exit(3, how == "close")
                end)()
            "#,
        )
        .file(
            "order.lua",
            r#"
                collectgarbage "stop"
                setmetatable({}, {__gc = function() print(1) end})
                setmetatable({}, {__gc = function()
                    print(2)
                    -- Too late to be finalized.
                    setmetatable({}, {__gc = function() print(3) end})
                    os.exit(0, true)
                end})
            "#,
        );
    line(&["close.lua", "close"]).ends(&folder, "b\tnil\na\tfrom b\ngc\n", "", 3);
    std::fs::remove_file(folder.0.join("written")).expect("it was written");
    line(&["close.lua", "leave"]).ends(&folder, "", "", 3);
    assert_eq!(
        std::fs::read(folder.0.join("written")).expect("it was written"),
        b"text"
    );
    line(&["order.lua"]).prints(&folder, "2\n1\n");
}

/// Starts a command, waits until it has written a line, and sends it SIGINT as often as asked.
fn interrupted(folder: &Folder, args: &[&str], times: u32) -> (String, String, std::process::ExitStatus) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_perilune"))
        .arg0("lua")
        .args(args)
        .current_dir(&folder.0)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut text = String::new();
    out.read_line(&mut text).expect("a line");
    for _ in 0..times {
        std::thread::sleep(Duration::from_millis(300));
        let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
    }
    out.read_to_string(&mut text).expect("the rest");
    let output = child.wait_with_output().expect("the command ends");
    (
        text,
        String::from_utf8_lossy(&output.stderr).into_owned(),
        output.status,
    )
}

#[test]
fn interrupts() {
    let folder = Folder::new();
    folder.file(
        "loop.lua",
        "local function f()\n  print(1) while true do end\nend\nlocal function g()\n  f()\nend\n\ng()\n",
    );
    let (out, err, status) = interrupted(&folder, &["loop.lua"], 1);
    assert_eq!(out, "1\n");
    assert_eq!(
        err,
        "lua: loop.lua:5: interrupted!\nstack traceback:\n\tloop.lua:2: in upvalue 'f'\n\tloop.lua:5: in local 'g'\n\t\
         loop.lua:8: in main chunk\n\t[C]: in ?\n"
    );
    assert_eq!(status.code(), Some(1));
    // A script can catch it, and goes on.
    let statement = "pcall(function() print(12) while true do end end) print(42)";
    for options in [&["-O0"][..], &["-O1"], &["--dispatch", "loop"]] {
        let (out, err, status) = interrupted(&folder, &[options, &["-e", statement]].concat(), 1);
        assert_eq!(
            (out.as_str(), err.as_str(), status.code()),
            ("12\n42\n", "", Some(0)),
            "{options:?}"
        );
    }
    // The handler can look at the interrupted function, whose values stay alive.
    let statement = "xpcall(function() local t = {7} print(1) while true do local u = {t} t = u[1] end end, \
                     function(m) for i = 1, 100 do collectgarbage() end \
                     local name, value = debug.getlocal(2, 1) print(m, name, value[1]) end)";
    for options in [&[][..], &["--gc-stress"]] {
        let (out, err, status) = interrupted(&folder, &[options, &["-e", statement]].concat(), 1);
        assert_eq!(
            (out.as_str(), err.as_str(), status.code()),
            ("1\ninterrupted!\tt\t7\n", "", Some(0))
        );
    }
    // Natives answer in the middle of their work.
    let statement = "print(1) string.find(string.rep('a', 200000), '.*b')";
    let (out, err, status) = interrupted(&folder, &["-e", statement], 1);
    assert_eq!((out.as_str(), status.code()), ("1\n", Some(1)));
    assert!(err.contains("interrupted!"), "{err}");
    // What does not answer is ended by the second.
    let statement = "print(1) os.execute('sleep 5')";
    let (out, err, status) = interrupted(&folder, &["-e", statement], 2);
    assert_eq!((out.as_str(), err.as_str(), status.signal()), ("1\n", "", Some(2)));
}

#[test]
fn a_reader_that_is_gone_ends_the_script() {
    let folder = Folder::new();
    let mut child = Command::new(env!("CARGO_BIN_EXE_perilune"))
        .args(["-e", "while true do print(1) end"])
        .current_dir(&folder.0)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let mut byte = [0];
    child
        .stdout
        .take()
        .expect("a pipe")
        .read_exact(&mut byte)
        .expect("output");
    let output = child.wait_with_output().expect("the command ends");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.signal(), Some(13));
}

#[test]
fn print_writes_at_once() {
    let folder = Folder::new();
    // Nothing is left in a buffer when the process is killed.
    let ended = line(&["-e", "print('a') os.execute('kill -9 $PPID') print('b')"]).run(&folder);
    assert_eq!((ended.out.as_str(), ended.code), ("a\n", -1));
}

#[test]
fn output_that_cannot_be_written() {
    let folder = Folder::new();
    let Ok(full) = std::fs::File::options().write(true).open("/dev/full") else {
        return;
    };
    let run = |statement: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_perilune"))
            .arg0("lua")
            .args(["-e", statement])
            .current_dir(&folder.0)
            .stdout(full.try_clone().expect("a descriptor"))
            .output()
            .expect("the command runs");
        (
            String::from_utf8_lossy(&output.stderr).into_owned(),
            output.status.code(),
        )
    };
    // `print` ignores it, as the reference's; what is left in the buffer at the end is told.
    assert_eq!(run("print(1)"), (String::new(), Some(0)));
    assert_eq!(
        run("io.write(1)"),
        (
            "lua: cannot write to stdout: No space left on device\n".to_owned(),
            Some(1)
        )
    );
    assert_eq!(run("io.write(1) print(io.stdout:flush())"), (String::new(), Some(0)));
}

#[test]
fn the_end() {
    let folder = Folder::new();
    for (statement, code) in [
        ("os.exit()", 0),
        ("os.exit(true)", 0),
        ("os.exit(false)", 1),
        ("os.exit(7)", 7),
        ("os.exit(nil, true)", 0),
        ("os.exit(false, true)", 1),
    ] {
        let statement = format!("io.write('out') {statement} print('not reached')");
        line(&["-e", &statement]).ends(&folder, "out", "", code);
    }
    line(&[
        "-e",
        "setmetatable({}, {__gc = function() print('last') end}) print('first')",
    ])
    .prints(&folder, "first\nlast\n");
    line(&[
        "-W",
        "-e",
        "x = setmetatable({}, {__gc = function() error('boo', 0) end})",
    ])
    .ends(&folder, "", "Lua warning: error in __gc (boo)\n", 0);
}

#[test]
fn the_collector_tells_what_it_did() {
    let folder = Folder::new();
    folder.file(
        "make.lua",
        "local t = {} for i = 1, 2e5 do t[i % 100 + 1] = {i, tostring(i)} end print(...)",
    );
    let ended = line(&["--gc-stats", "make.lua", "x"]).named("perilune").run(&folder);
    assert_eq!((ended.out.as_str(), ended.code), ("x\n", 0));
    assert!(ended.err.lines().all(|l| l.starts_with("gc: ")), "{}", ended.err);
    for part in [" cycles, ", " pauses under ", " of kind table, "] {
        assert!(ended.err.contains(part), "{part} in {}", ended.err);
    }
    line(&["gc-trace", "make.lua", "a", "b"])
        .named("perilune")
        .prints(&folder, "a\tb\n");
    let svg = std::fs::read_to_string(folder.0.join("gc-trace.svg")).expect("the timeline");
    assert!(svg.starts_with("<svg") && svg.contains("<rect"), "{svg}");
    let ended = line(&["--gc-trace", "no/such/folder", "make.lua"]).run(&folder);
    assert_eq!((ended.out.as_str(), ended.code), ("\n", 1));
    assert!(ended.err.contains("cannot write 'no/such/folder'"), "{}", ended.err);
}

#[test]
fn profiles_count_instructions_and_cache_hits() {
    let folder = Folder::new();
    folder.file(
        "fields.lua",
        "local t, s = { x = 1 }, 0 for i = 1, 100 do s = s + t.x end print(s)",
    );
    for dispatch in ["tail", "loop"] {
        let ended = line(&["--dispatch", dispatch, "--profile-ops", "fields.lua"]).run(&folder);
        assert_eq!((ended.code, ended.out.as_str()), (0, "100\n"));
        let fields: Vec<&str> = ended
            .err
            .lines()
            .filter(|row| row.contains(" get_field ") && row.contains("cache"))
            .collect();
        assert_eq!(fields.len(), 1, "{}", ended.err);
        // The first read fills the cache, the others find it.
        assert!(fields[0].trim_start().starts_with("100 "), "{}", fields[0]);
        assert!(fields[0].ends_with("(99.0 % by inline cache)"), "{}", fields[0]);
        assert!(ended.err.contains("for_loop get_field"), "{}", ended.err);
    }
}
