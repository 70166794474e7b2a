// Draws hit ratio and bytes written to flash on the admin page, refreshed every five seconds.
const points = [];

async function refresh() {
  const answer = await fetch("/metrics.json");
  const m = await answer.json();
  points.push({ time: Date.now(), hitRatio: m.hits / (m.hits + m.misses), written: m.flash_bytes_written });
  if (points.length > 720) points.shift();
  draw(document.querySelector("canvas"), points);
}

function draw(canvas, data) {
  const g = canvas.getContext("2d");
  g.clearRect(0, 0, canvas.width, canvas.height);
  g.beginPath();
  data.forEach((p, i) => g.lineTo((i / 720) * canvas.width, (1 - p.hitRatio) * canvas.height));
  g.stroke();
}

setInterval(refresh, 5000);
