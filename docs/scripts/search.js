/* The search takes a dash in front of a word for "without it", so that `--against` found nothing. Here it is an option's name. */
const post = Worker.prototype.postMessage;
Worker.prototype.postMessage = function (message, ...more) {
  if (message && typeof message.data === "string") {
    message.data = message.data.replace(/(^|\s)-+(?=\S)/g, "$1");
  }
  return post.call(this, message, ...more);
};
