//! Runs worlds: `simulation --worlds 10000 --seed 1`.

fn main() -> std::process::ExitCode {
    simulation::command::main()
}
