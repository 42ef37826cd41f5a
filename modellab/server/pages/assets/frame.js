// Times in the reader's zone; the one that the server wrote stays to be read.
for (const time of document.querySelectorAll("time[datetime]")) {
  const moment = new Date(time.dateTime);
  if (Number.isNaN(moment.getTime())) continue;
  const two = (number) => String(number).padStart(2, "0");
  time.title = `${time.dateTime} (UTC); shown in your zone`;
  time.textContent = `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())} `
    + `${two(moment.getHours())}:${two(moment.getMinutes())}`;
}
