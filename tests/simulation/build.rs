//! Makes `getrandom` of this package's programs visible to the libraries that look it up by name.

fn main() {
    println!("cargo:rustc-link-arg=-Wl,--export-dynamic-symbol=getrandom");
}
