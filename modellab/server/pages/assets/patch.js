// What a file would change by, as the API tells it: added lines and removed ones in their colours.
import { make } from "./send.js";

function colour(line) {
  if (/^(---|\+\+\+|@@)/.test(line)) return "quiet";
  return line.startsWith("+") ? "added" : line.startsWith("-") ? "removed" : "";
}

export function patch(file) {
  const box = make("pre", "", "scroll patch");
  box.tabIndex = 0;
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", file.path);
  for (const line of file.diff) box.append(make("span", line, colour(line)));
  if (file.further_lines) box.append(make("span", `and ${file.further_lines} further lines`, "quiet"));
  return box;
}
