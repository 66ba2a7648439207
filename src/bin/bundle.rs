//! Builds the browser's half of the site, with nothing but cargo and the wasm32 target.
//!
//! It compiles the library for the browser, runs wasm-bindgen as a library of exactly the version
//! in the lock file, names each file after its content, and writes those names beside this program,
//! which is where the server of the same build looks for them. Of a release it makes one archive besides,
//! which is linked into the program. It never fetches a tool.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// The name of every file of the package; the server and `.cargo/config.toml` say the same.
const NAME: &str = "aerodb-control";
const TARGET: &str = "wasm32-unknown-unknown";
/// Where leptos looks for the hashes: beside the program.
const HASHES: &str = "hash.txt";
/// What the program carries, beside the folder of the site.
const ARCHIVE: &str = "site.tar";

type Done<T> = Result<T, Box<dyn std::error::Error>>;

/// How the browser's half is built: small for a release, soon for a debug build.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Build {
    Debug,
    Release,
}

impl Build {
    /// The profile for cargo, and the folder that it writes to.
    fn profile(self) -> (&'static str, &'static str) {
        match self {
            Self::Debug => ("dev", "debug"),
            Self::Release => ("wasm-release", "wasm-release"),
        }
    }
}

fn main() -> Done<()> {
    let build = match env::args().nth(1).as_deref() {
        None => Build::Debug,
        Some("--release") => Build::Release,
        Some(other) => return Err(format!("usage: bundle [--release]; found {other}").into()),
    };
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let wasm = compile(&root, &target, build)?;

    // Built aside and then moved into place, so that a failure leaves the site as it was.
    let (site, fresh) = (target.join("site"), target.join("site.new"));
    remove(&fresh)?;
    let package = fresh.join("pkg");
    fs::create_dir_all(&package)?;
    bind(&wasm, &package, build)?;
    fs::copy(root.join("style/main.css"), package.join(format!("{NAME}.css")))?;
    let hashes = name_by_content(&package)?;
    copy_folder(&root.join("public"), &fresh)?;
    if build == Build::Release {
        compress(&fresh)?;
    }
    remove(&site)?;
    fs::rename(&fresh, &site)?;
    fs::write(env::current_exe()?.with_file_name(HASHES), hashes)?;
    if build == Build::Release {
        let archive = target.join(ARCHIVE);
        let packed = pack(&site)?;
        // What did not change is not linked again.
        if fs::read(&archive).ok().as_ref() != Some(&packed) {
            fs::write(&archive, packed)?;
        }
    }
    report(&site)
}

/// Compiles the library for the browser. It has a target folder of its own: the same library with
/// other features would otherwise be written over it, and the two builds would wait for each other.
fn compile(root: &Path, target: &Path, build: Build) -> Done<PathBuf> {
    let (profile, folder) = build.profile();
    let front = target.join("front");
    let status = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .current_dir(root)
        .args(["build", "--locked", "--lib", "--target", TARGET])
        .args(["--no-default-features", "--features", "hydrate", "--profile", profile])
        .arg("--target-dir")
        .arg(&front)
        .status()?;
    if !status.success() {
        return Err("the build for the browser failed; is the wasm32 target installed?".into());
    }
    let file = format!("{}.wasm", NAME.replace('-', "_"));
    Ok(front.join(TARGET).join(folder).join(file))
}

/// Writes the JavaScript that loads the module, and the module as that expects it. A release drops
/// the names of functions, a third of the file; no optimiser of WebAssembly is run.
fn bind(wasm: &Path, package: &Path, build: Build) -> Done<()> {
    let release = build == Build::Release;
    wasm_bindgen_cli_support::Bindgen::new()
        .input_path(wasm)
        .web(true)?
        .typescript(false)
        .remove_name_section(release)
        .remove_producers_section(release)
        .out_name(NAME)
        .generate(package)?;
    Ok(())
}

/// Renames each file after its content, so that it can be cached for ever. Returns the text of the
/// file of hashes.
fn name_by_content(package: &Path) -> Done<String> {
    let mut hashes = String::new();
    let files = [("js", ".js"), ("wasm", "_bg.wasm"), ("css", ".css")];
    for (kind, ending) in files {
        let from = package.join(format!("{NAME}{ending}"));
        let hash = format!("{:016x}", fnv(&fs::read(&from)?));
        fs::rename(&from, package.join(format!("{NAME}.{hash}.{kind}")))?;
        writeln!(hashes, "{kind}: {hash}")?;
    }
    Ok(hashes)
}

/// The whole site as one archive, the same bytes for the same files. The program has no list of hashes beside
/// it, so the files of the package are named alike, by the hash of all of them.
fn pack(site: &Path) -> Done<Vec<u8>> {
    let package = site.join("pkg");
    let files = files(site)?;
    let mut all = Vec::new();
    for file in &files {
        all.extend(fnv(&fs::read(file)?).to_be_bytes());
    }
    let hash = format!("{:016x}", fnv(&all));
    let mut archive = tar::Builder::new(Vec::new());
    for file in &files {
        let bytes = fs::read(file)?;
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let named = match name.strip_prefix(NAME).and_then(|rest| rest.strip_prefix('.')) {
            Some(rest) if file.starts_with(&package) => {
                let kind = rest.split_once('.').map_or("", |(_, kind)| kind);
                format!("pkg/{NAME}.{hash}.{kind}")
            }
            _ => file.strip_prefix(site)?.display().to_string(),
        };
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len().try_into()?);
        header.set_mode(0o644);
        archive.append_data(&mut header, named, &*bytes)?;
    }
    Ok(archive.into_inner()?)
}

/// FNV-1a. It names files and protects nothing.
fn fnv(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, &b| (hash ^ u64::from(b)).wrapping_mul(0x100_0000_01b3))
}

/// Writes a brotli and a gzip copy beside each file that they make smaller.
fn compress(folder: &Path) -> Done<()> {
    for file in files(folder)? {
        let plain = fs::read(&file)?;
        let mut brotli = brotli::CompressorWriter::new(Vec::new(), 1 << 16, 11, 22);
        brotli.write_all(&plain)?;
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gzip.write_all(&plain)?;
        for (ending, packed) in [("br", brotli.into_inner()), ("gz", gzip.finish()?)] {
            if packed.len() < plain.len() {
                fs::write(format!("{}.{ending}", file.display()), packed)?;
            }
        }
    }
    Ok(())
}

fn remove(folder: &Path) -> io::Result<()> {
    if folder.exists() { fs::remove_dir_all(folder) } else { Ok(()) }
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Every file under a folder, in the order of their names.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            found.extend(files(&entry.path())?);
        } else {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// Prints the size of every file, so that growth is seen when it happens.
fn report(site: &Path) -> Done<()> {
    let mut out = io::stdout().lock();
    for file in files(site)? {
        let bytes = fs::metadata(&file)?.len();
        writeln!(out, "{bytes:>9} {}", file.strip_prefix(site)?.display())?;
    }
    Ok(())
}
