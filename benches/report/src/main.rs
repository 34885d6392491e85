//! Makes one table and a plot of what the parts of `benches/run` print.
//!
//! `report ROWS TO [README.md]` reads the files in the folder `ROWS`, prints the table, and writes it and the plot into
//! the folder `TO`, named by the machine. What is quoted in `README.md` it writes there.

mod machine;
mod notes;
mod plot;
mod readme;
mod row;
mod table;

use std::fs;
use std::path::Path;

use row::Row;

/// Why rows miss what they are to be. A run does not change it.
const NOTES: &str = include_str!("../../results/notes.md");

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [rows, to, readme @ ..] = arguments.as_slice() else {
        panic!("run as: report ROWS TO [README.md]");
    };
    let rows = read(Path::new(rows));
    let name = machine::name();
    let text = table::markdown(&rows, &name, &notes::read(NOTES));
    print!("{text}");

    let path = Path::new(to).join(name);
    fs::write(path.with_extension("md"), text).expect("a table that can be written");
    plot::draw(&rows, &path.with_extension("svg")).expect("a plot that can be drawn");
    for readme in readme {
        let text = fs::read_to_string(readme).expect("a file that quotes the table");
        fs::write(readme, readme::with_rows(&text, &rows)).expect("a file that can be written");
    }
    println!("\nwritten to {0}.md and {0}.svg", path.display());
}

/// All rows, those of each part in the order in which it printed them.
fn read(folder: &Path) -> Vec<Row> {
    let files = fs::read_dir(folder).expect("the folder of the rows");
    let mut files: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    files.retain(|path| path.extension().is_some_and(|it| it == "tsv"));
    files.sort();
    let read = |path| fs::read_to_string(path).expect("rows");
    let texts: Vec<_> = files.iter().map(read).collect();
    texts.iter().flat_map(|text| text.lines()).map(Row::read).collect()
}
