# From the results to an SVG: a panel a measurement, a bar a candidate, its range as a whisker; readable on light and dark.
def digits: if . >= 100 then round elif . >= 10 then . * 10 | round / 10 else . * 100 | round / 100 end;
def shown($unit): if $unit == "requests/s" then . / 1000 | digits | "\(.) k" else digits | tostring end;
def escaped: tostring | @html;
def panel_width: 480; def label_width: 176; def bar_width: 220; def step: 22; def top: 108;
def text($x; $y; $class; $words): "<text x=\"\($x)\" y=\"\($y)\" class=\"\($class)\">\($words | escaped)</text>";

. as $run
| ([.measurements[].candidates | keys_unsorted[]] | unique) as $seen
| [.titles | keys_unsorted[] | select(IN($seen[]))] as $candidates
| [.measurements[] | select(.candidates != {})] as $panels
| (($candidates | length) * step + 52) as $panel_height
| ((($panels | length) + 1) / 2 | floor) as $rows
| (top + $rows * $panel_height) as $foot
| ($foot + 6 + (.method | length) * 16 + 14) as $height
| "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(2 * panel_width + 40) \($height)\" role=\"img\" font-family=\"system-ui, sans-serif\">",
"<title>Culvert and its peers, side by side</title>",
"<style>",
".page{fill:#ffffff}.name,.value{fill:#1f2328;font-size:13px}.ours{font-weight:600}.title{fill:#1f2328;font-size:15px;font-weight:600}",
".head{fill:#1f2328;font-size:20px;font-weight:600}.small{fill:#59636e;font-size:11.5px}.peer{fill:#9aa4b2}.culvert{fill:#0969da}.range{stroke:#1f2328;stroke-width:1.5}",
"@media(prefers-color-scheme:dark){.page{fill:#0d1117}.name,.value,.title,.head{fill:#e6edf3}.small{fill:#9198a1}.peer{fill:#656d78}.culvert{fill:#58a6ff}.range{stroke:#e6edf3}}",
"</style>",
"<rect class=\"page\" width=\"100%\" height=\"100%\"/>",
text(20; 34; "head"; "Culvert and its peers, side by side"),
text(20; 54; "small"; "\(.machine.processors) × \(.machine.cpu), \(.machine.kernel); \(.rounds) rounds, \(.finished)."),
text(20; 70; "small"; "More is better. Bar: median; line: lowest to highest."
    + (if (.busy.median // 0) > 0.2 then " The machine was not quiet: these figures say little." else "" end)),
(range($panels | length) as $i | $panels[$i] as $p
    | (20 + ($i % 2) * panel_width) as $x
    | (top + ($i / 2 | floor) * $panel_height) as $y
    | ([$p.candidates[].rate.max] | max) as $most
    | text($x; $y; "title"; "\($p.title), \($p.unit)"),
    (range($candidates | length) as $j | $candidates[$j] as $c
        | ($y + 12 + $j * step) as $at
        | (if $c | startswith("culvert") then "culvert" else "peer" end) as $kind
        | text($x; $at + 13; (if $kind == "culvert" then "name ours" else "name" end); $run.titles[$c]),
        ($p.candidates[$c].rate as $rate
            | if $rate == null then text($x + label_width; $at + 13; "small"; "not carried, or not measured")
              else
                ($rate | map_values(. / $most * bar_width)) as $bar
                | "<rect class=\"\($kind)\" x=\"\($x + label_width)\" y=\"\($at + 2)\" width=\"\($bar.median | digits)\" height=\"15\" rx=\"2\"/>",
                (if $rate.samples > 1 then
                    "<path class=\"range\" d=\"M\($x + label_width + $bar.min | digits) \($at + 9.5)H\($x + label_width + $bar.max | digits)\"/>"
                else empty end),
                text($x + label_width + ([$bar.median, $bar.max] | max | digits) + 6; $at + 14; "value"; $rate.median | shown($p.unit))
              end))),
(range($run.method | length) as $i | text(20; $foot + 6 + $i * 16; "small"; $run.method[$i])),
"</svg>"
