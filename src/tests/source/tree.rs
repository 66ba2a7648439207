//! The modules as the compiler finds them: every file that a root names, by `mod name;`, by `#[path]` and
//! behind any `cfg`, and every path in it that leads into a room of the crate.
//!
//! Files are read as tokens, so comments and texts name nothing, and what a macro is given does.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use std::collections::VecDeque;

/// A file, and the module that it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceModule {
    /// The path of the file from the project's folder.
    pub path: String,
    /// The module, from the root of its crate: `["kernel", "embedded"]`.
    pub module: Vec<String>,
    /// The folder of its children.
    folder: String,
    /// Whether it is compiled into tests only.
    pub is_test: bool,
}

/// A path in the code that leads somewhere from the root of the crate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrow {
    /// Where it leads: a room, or why nobody can say.
    pub to: Result<String, String>,
    /// Whether it stands in a module that is compiled into tests only.
    pub is_test: bool,
}

/// What a file says.
#[derive(Debug, Default)]
pub struct Said {
    /// The files of its children.
    pub children: Vec<SourceModule>,
    /// The paths that lead from the root of the crate.
    pub arrows: Vec<Arrow>,
}

impl SourceModule {
    /// The root of a crate.
    pub fn root(path: &str) -> Self {
        let (path, folder) = (path.to_owned(), beside(path).to_owned());
        Self { path, module: Vec::new(), folder, is_test: false }
    }

    /// The room: the first module below the root.
    pub fn room(&self) -> Option<&str> {
        self.module.first().map(String::as_str)
    }

    /// What the file says that is here.
    pub fn read(&self, text: &str) -> Said {
        let tokens = text.parse::<TokenStream>();
        let tokens = tokens.unwrap_or_else(|error| panic!("{}: {error}", self.path));
        let mut said = Said::default();
        self.walk(tokens, &mut said);
        said
    }

    fn walk(&self, tokens: TokenStream, said: &mut Said) {
        let mut tokens: VecDeque<TokenTree> = tokens.into_iter().collect();
        let mut attributes = Vec::new();
        // How many colons stand before the token: after two of them a group is one of a `use`.
        let mut colons = 0;
        while let Some(token) = tokens.pop_front() {
            let before = std::mem::take(&mut colons);
            match token {
                TokenTree::Punct(mark) => match (mark.as_char(), tokens.front()) {
                    ('#', Some(TokenTree::Group(attribute))) => attributes.push(attribute.stream()),
                    (':', _) => colons = before + 1,
                    (';', _) => attributes.clear(),
                    _ => {}
                },
                TokenTree::Ident(word) if word == "mod" => {
                    let Some(TokenTree::Ident(name)) = tokens.pop_front() else { continue };
                    let child = self.child(&name.to_string(), &attributes);
                    attributes.clear();
                    match tokens.pop_front() {
                        Some(TokenTree::Group(body)) => {
                            Self { path: self.path.clone(), ..child }.walk(body.stream(), said);
                        }
                        _ => said.children.push(child),
                    }
                }
                TokenTree::Ident(word) if word == "crate" || word == "aerodb_control" => {
                    match text_at(&tokens, 0).as_str() {
                        ":" => self.point(text_at(&tokens, 2), said),
                        "as" => self.doubt("the crate under another name", said),
                        _ => {}
                    }
                }
                TokenTree::Ident(word) if word == "super" => {
                    let mut up = 1;
                    while text_at(&tokens, 0) == ":" && text_at(&tokens, 2) == "super" {
                        tokens.drain(..3);
                        up += 1;
                    }
                    match text_at(&tokens, 0).as_str() {
                        ":" if up >= self.module.len() => self.point(text_at(&tokens, 2), said),
                        "as" => self.doubt("a module above under another name", said),
                        _ => {}
                    }
                }
                TokenTree::Ident(word) if word == "include" && text_at(&tokens, 0) == "!" => {
                    self.doubt("a file that is included", said);
                }
                TokenTree::Ident(_) | TokenTree::Literal(_) => {}
                TokenTree::Group(group) => {
                    if before == 2 && leads_up(&group) {
                        self.doubt("`super` within the braces of a `use`", said);
                    }
                    self.walk(group.stream(), said);
                    if group.delimiter() == Delimiter::Brace {
                        attributes.clear();
                    }
                }
            }
        }
    }

    fn point(&self, to: String, said: &mut Said) {
        let is_name = to.starts_with(|c: char| c.is_ascii_lowercase());
        let to = if is_name { Ok(to) } else { Err(format!("`crate::{to}` names no room")) };
        said.arrows.push(Arrow { to, is_test: self.is_test });
    }

    fn doubt(&self, why: &str, said: &mut Said) {
        said.arrows.push(Arrow { to: Err(why.to_owned()), is_test: self.is_test });
    }

    /// The child of this name, with these attributes before it.
    fn child(&self, name: &str, attributes: &[TokenStream]) -> Self {
        let given = attributes.iter().find_map(path_in);
        let (path, folder) = if let Some(given) = given {
            let path = normal(&format!("{}/{given}", beside(&self.path)));
            let folder = beside(&path).to_owned();
            (path, folder)
        } else {
            let folder = format!("{}/{name}", self.folder);
            (format!("{folder}.rs"), folder)
        };
        let module = self.module.iter().cloned().chain([name.to_owned()]).collect();
        let is_test = self.is_test || attributes.iter().any(is_for_tests);
        Self { path, module, folder, is_test }
    }
}

/// Every file of the crate with this root, the root first.
pub fn files(root: &str, read: &dyn Fn(&str) -> Option<String>) -> Vec<(SourceModule, Said)> {
    let mut found = Vec::new();
    let mut waiting = VecDeque::from([SourceModule::root(root)]);
    while let Some(place) = waiting.pop_front() {
        let text = read(&place.path).unwrap_or_else(|| panic!("there is no {}", place.path));
        let said = place.read(&text);
        waiting.extend(said.children.iter().cloned());
        found.push((place, said));
    }
    found
}

/// The folder of a file.
fn beside(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn text_at(tokens: &VecDeque<TokenTree>, at: usize) -> String {
    match tokens.get(at) {
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => "{".to_owned(),
        Some(TokenTree::Group(_)) | None => String::new(),
        Some(token) => token.to_string(),
    }
}

fn leads_up(group: &Group) -> bool {
    group.stream().into_iter().any(|token| token.to_string() == "super")
}

/// Whether `cfg(test)`, or `cfg(all(test, ..))`, is what an attribute says.
fn is_for_tests(attribute: &TokenStream) -> bool {
    let text: String = attribute.to_string().split_whitespace().collect();
    text == "cfg(test)" || text.starts_with("cfg(all(test,") && !text.contains("any(")
}

fn path_in(attribute: &TokenStream) -> Option<String> {
    let text = attribute.to_string();
    let given = text.strip_prefix("path")?.trim_start().strip_prefix('=')?;
    Some(given.trim().trim_matches('"').to_owned())
}

/// A path without `..`.
fn normal(path: &str) -> String {
    let mut parts = Vec::new();
    for part in path.split('/') {
        if part == ".." {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    parts.join("/")
}
