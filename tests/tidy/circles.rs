//! No circle of files: within a crate, what a file uses never leads back to it.

use std::collections::{BTreeMap, BTreeSet};

use crate::workspace::rust_files;

type Path = Vec<String>;

/// The files of each crate's `src`, by their module paths, with the code that is not a test's.
fn crates() -> BTreeMap<String, BTreeMap<Path, String>> {
    let mut crates: BTreeMap<String, BTreeMap<Path, String>> = BTreeMap::new();
    for (file, text) in rust_files() {
        let Some((name, rest)) = file.split_once("/src/") else { continue };
        let mut path: Path = rest.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
        if path.last().is_some_and(|last| ["main", "tests"].contains(&last.as_str())) {
            continue;
        }
        path.retain(|part| part != "lib" && part != "mod");
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let code = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        let code = code.collect::<Vec<_>>().join("\n");
        crates.entry(name.to_owned()).or_default().insert(path, code);
    }
    crates
}

/// `a::{b, c::d}` as `a::b` and `a::c::d`.
fn leaves(tree: &str) -> Vec<String> {
    let Some((prefix, rest)) = tree.split_once('{') else { return vec![tree.trim().to_owned()] };
    let inner = rest.rsplit_once('}').map_or(rest, |(inner, _)| inner);
    let (mut parts, mut part, mut depth) = (Vec::new(), String::new(), 0);
    for character in inner.chars() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if character == ',' && depth == 0 {
            parts.push(std::mem::take(&mut part));
        } else {
            part.push(character);
        }
    }
    parts.push(part);
    let named = parts.iter().filter(|part| !part.trim().is_empty());
    let leaves = named.flat_map(|part| leaves(part));
    leaves.map(|leaf| format!("{}{leaf}", prefix.trim())).collect()
}

/// All that a file's code names by `use`, or by a path from `crate` or `super`.
fn named(code: &str) -> Vec<String> {
    let mut named = Vec::new();
    for statement in code.split(';') {
        if let Some(at) = statement.find("use ")
            && statement[..at].trim_end().rsplit('\n').next().is_some_and(|before| {
                let before = before.trim();
                before.is_empty() || before.starts_with("pub")
            })
        {
            named.extend(leaves(&statement[at + 4..]));
        }
    }
    for root in ["crate::", "super::"] {
        for (at, _) in code.match_indices(root) {
            let end = |c: char| !(c.is_alphanumeric() || c == '_' || c == ':');
            let path = code[at..].split(end).next().unwrap_or_default().trim_end_matches(':');
            // A list of paths stands in a `use`.
            if path.contains("::") {
                named.push(path.to_owned());
            }
        }
    }
    named
}

/// The file of the crate that a path leads to from another.
fn target(files: &BTreeMap<Path, String>, from: &Path, path: &str) -> Option<Path> {
    let mut segments: Vec<_> = path.split("::").map(|part| part.trim().to_owned()).collect();
    let mut base = from.clone();
    match segments[0].as_str() {
        "crate" => base.clear(),
        "super" => drop(base.pop()),
        "self" => {}
        child => {
            let mut own = base.clone();
            own.push(child.to_owned());
            files.get(&own)?;
            segments.insert(0, String::new());
        }
    }
    for segment in segments.drain(..).skip(1) {
        match segment.as_str() {
            "super" => drop(base.pop()),
            _ => base.push(segment),
        }
    }
    let lengths = (0..=base.len()).rev();
    lengths.map(|len| base[..len].to_vec()).find(|path| files.contains_key(path))
}

#[test]
fn no_file_leads_back_to_itself() {
    for (name, files) in crates() {
        let uses = |path: &Path, code: &String| {
            let targets = named(code).into_iter().filter_map(|used| target(&files, path, &used));
            targets.filter(|target| target != path).collect::<BTreeSet<_>>()
        };
        let uses: BTreeMap<_, _> =
            files.iter().map(|(path, code)| (path.clone(), uses(path, code))).collect();
        for start in uses.keys() {
            let mut reached = BTreeSet::new();
            let mut next: Vec<_> = uses[start].iter().collect();
            while let Some(path) = next.pop() {
                if reached.insert(path) {
                    next.extend(&uses[path]);
                }
            }
            assert!(!reached.contains(start), "{name}: {start:?} leads back to itself");
        }
    }
}
