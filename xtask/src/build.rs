//! `cargo xtask build`: the page as static files in `dist/`, which work under any path of any static host, and their sizes.
//!
//! Has never heard of what the page shows.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use crate::{
    Outcome,
    args::Args,
    later, model, parts, setup,
    shell::{command, files_below, find, root, run},
};

/// The flags of wasm-opt: the features that rustc's wasm uses since 1.82, without which wasm-opt refuses the module.
const WASM_OPT: &[&str] = &[
    "-O3",
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
    "--enable-multivalue",
];

/// Where in `dist/` the recorded cases lie.
const CASES: &str = "cases";
/// How the name ends of the file with the rest of the program, which comes when the page already stands.
pub const REST: &str = "_rest.wasm";
/// Where `index.html` wants the name of that file, as it is written and as trunk makes it shorter.
const REST_NAME: [&str; 2] = ["data-rest=\"none\"", "data-rest=none"];

/// How large something is on the way to a browser, in bytes.
#[derive(Clone, Copy, Default)]
pub struct Size {
    /// As on disk.
    pub raw: usize,
    /// By gzip, level 9.
    pub gzip: usize,
    /// By brotli, quality 11.
    pub brotli: usize,
}

impl Size {
    fn of(bytes: &[u8]) -> Self {
        Self { raw: bytes.len(), gzip: gzip(bytes), brotli: brotli(bytes) }
    }
}

/// `cargo xtask build [--dev]`.
///
/// # Errors
/// If a tool is missing, the code does not compile, or a file cannot be written.
pub fn command_build(mut args: Args) -> Outcome {
    let dev = args.flag("--dev");
    args.finish("build")?;
    if dev {
        return trunk(false);
    }
    page()?;
    print_sizes();
    Ok(())
}

/// Makes `dist/` optimised, with wasm-opt if node is there.
///
/// # Errors
/// If a tool is missing, the code does not compile, or a file cannot be written.
pub fn page() -> Outcome {
    trunk(true)?;
    match setup::node_tools()? {
        Some(modules) => wasm_opt(&modules, &dist()),
        None => {
            println!("node and npm are not here: dist/ is complete, but wasm-opt did not make it smaller");
            Ok(())
        }
    }
}

/// Makes `dist/` by trunk alone.
///
/// # Errors
/// If a tool is missing or the code does not compile.
pub fn trunk(optimised: bool) -> Outcome {
    setup::for_build()?;
    println!("\nbuilding the page into dist/ (about half a minute when the dependencies are compiled, 2 to 4 minutes the first time)");
    let trunk = find(&["trunk"]).ok_or("trunk is not on the PATH")?;
    let mut build = command(trunk);
    build.arg("build");
    if optimised {
        build.arg("--release");
    }
    run(&mut build)?;
    if optimised {
        part(&dist())?;
    }
    println!("\nplaying the recorded cases for the page (a few seconds when the model is compiled for it, some minutes the first time)");
    model::command("sheets", &[dist().join(CASES).display().to_string()])
}

/// Parts the wasm of a page: what the first picture does without goes into a file of its own, and the page learns its name.
fn part(folder: &Path) -> Outcome {
    let wasm = files_below(folder).into_iter().find(|file| file.extension().is_some_and(|end| end == "wasm"));
    let wasm = wasm.ok_or("trunk made no wasm")?;
    let parts = parts::part(&fs::read(&wasm)?, &later::CHOICE)?;
    let name = wasm.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let rest = name.replace("_bg.wasm", "").replace(".wasm", "") + REST;
    fs::write(folder.join(&rest), &parts.rest)?;
    fs::write(&wasm, &parts.first)?;
    let page = folder.join("index.html");
    let text = fs::read_to_string(&page)?;
    let place = REST_NAME.iter().find(|place| text.contains(**place)).ok_or("index.html has no place for the name of the rest")?;
    fs::write(page, text.replace(place, &format!("data-rest=\"./{rest}\"")))?;
    match name.rsplit_once('-').and_then(|(_, end)| end.split(['_', '.']).next()) {
        Some(old) => rename(folder, old, &format!("{:016x}", fingerprint(&[&parts.first, &parts.rest]))),
        None => Ok(()),
    }
}

/// Gives the files of a page another fingerprint in their names. Trunk's is of the program in one piece: parted otherwise it would have
/// the same, and a browser that kept the one part would take it for the fellow of the other.
fn rename(folder: &Path, old: &str, new: &str) -> Outcome {
    for file in files_below(folder) {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.contains(old) {
            fs::rename(&file, file.with_file_name(name.replace(old, new)))?;
        }
    }
    let page = folder.join("index.html");
    let text = fs::read_to_string(&page)?;
    Ok(fs::write(page, text.replace(old, new))?)
}

/// A fingerprint of some files (FNV-1a), of which each ends with its length.
fn fingerprint(files: &[&[u8]]) -> u64 {
    let all = files.iter().flat_map(|file| file.iter().copied().chain((file.len() as u64).to_le_bytes()));
    all.fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

/// The folder that `build` makes.
pub fn dist() -> PathBuf {
    root().join("dist")
}

/// Makes every wasm file of a folder smaller, in place.
///
/// # Errors
/// If node is missing or wasm-opt refuses a file.
pub fn wasm_opt(modules: &Path, folder: &Path) -> Outcome {
    let node = find(&["node"]).ok_or("npm is here but node is not on the PATH")?;
    let script = modules.join("binaryen").join("bin").join("wasm-opt");
    for wasm in files_below(folder).into_iter().filter(|f| f.extension().is_some_and(|e| e == "wasm")) {
        let smaller = wasm.with_extension("smaller");
        // Relative to the root, where it runs: shorter to read.
        let [script, from, to] = [&script, &wasm, &smaller].map(|file| file.strip_prefix(root()).unwrap_or(file));
        run(command(&node).arg(script).args(WASM_OPT).arg(from).arg("-o").arg(to))?;
        fs::rename(smaller, wasm)?;
    }
    Ok(())
}

/// The size of each file by its path, and of all together.
pub type Sizes = (Vec<(String, Size)>, Size);

fn is_rest(file: &Path) -> bool {
    file.to_string_lossy().ends_with(REST)
}

/// The size of the rest of the program, which comes when the page already stands.
pub fn rest_size() -> Size {
    let rest = files_below(&dist()).into_iter().find(|file| is_rest(file));
    rest.and_then(|file| fs::read(file).ok()).map_or_else(Size::default, |bytes| Size::of(&bytes))
}

/// The sizes of the files that `dist/` is loaded with, by path within it, and their sum; the rest of the program comes when the page
/// stands, recorded cases when they are wanted.
pub fn sizes() -> Sizes {
    let mut all = Size::default();
    let mut each = Vec::new();
    for file in files_below(&dist()).into_iter().filter(|file| !file.starts_with(dist().join(CASES)) && !is_rest(file)) {
        let bytes = fs::read(&file).unwrap_or_default();
        let size = Size::of(&bytes);
        all = Size { raw: all.raw + size.raw, gzip: all.gzip + size.gzip, brotli: all.brotli + size.brotli };
        let name = file.strip_prefix(dist()).unwrap_or(&file).to_string_lossy().into_owned();
        each.push((name, size));
    }
    (each, all)
}

fn print_sizes() {
    let (each, all) = sizes();
    println!("\n{:<44} {:>10} {:>10} {:>10}", "dist/", "raw", "gzip", "brotli");
    let rest = ("the rest, while the page already moves".to_owned(), rest_size());
    for (name, size) in each.iter().chain([&("first load".to_owned(), all), &rest]) {
        println!("{name:<44} {:>10} {:>10} {:>10}", size.raw, size.gzip, size.brotli);
    }
    let cases = files_below(&dist().join(CASES));
    let raw: u64 = cases.iter().filter_map(|file| fs::metadata(file).ok()).map(|data| data.len()).sum();
    println!("{:<44} {raw:>10}   (fetched one by one when a viewer wants them)", format!("{CASES}/: {} files", cases.len()));
}

fn gzip(bytes: &[u8]) -> usize {
    let mut to = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    to.write_all(bytes).and_then(|()| to.finish()).expect("writing into memory does not fail").len()
}

fn brotli(bytes: &[u8]) -> usize {
    let mut to = Vec::new();
    {
        let mut writer = brotli::CompressorWriter::new(&mut to, 1 << 16, 11, 22);
        writer.write_all(bytes).expect("writing into memory does not fail");
    }
    to.len()
}

#[cfg(test)]
mod tests {
    use std::{env, fs};

    use super::{fingerprint, rename};

    #[test]
    fn files_are_renamed_and_the_page_names_them() {
        let folder = env::temp_dir().join(format!("cqrs-lab-rename-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("lab-0af1_bg.wasm"), "").unwrap();
        fs::write(folder.join("index.html"), "<script src='./lab-0af1.js' data-rest='./lab-0af1_rest.wasm'>").unwrap();
        rename(&folder, "0af1", "77").unwrap();
        let page = fs::read_to_string(folder.join("index.html")).unwrap();
        let there = folder.join("lab-77_bg.wasm").is_file() && !folder.join("lab-0af1_bg.wasm").exists();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!((page.as_str(), there), ("<script src='./lab-77.js' data-rest='./lab-77_rest.wasm'>", true));
    }

    #[test]
    fn a_byte_moved_from_one_part_to_the_other_is_another_fingerprint() {
        assert_ne!(fingerprint(&[b"ab", b"c"]), fingerprint(&[b"a", b"bc"]));
    }
}
