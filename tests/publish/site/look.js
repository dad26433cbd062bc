// What a reader of this page would stumble over, as sentences. Called in a page that has been laid out.
(minimum) => {
  const faults = [];
  const seen = element => {
    const box = element.getBoundingClientRect();
    return box.width > 0 && box.height > 0 && element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  };
  const name = element => {
    const words = (element.textContent || element.src || "").trim().slice(0, 40);
    return `<${element.tagName.toLowerCase()} class="${element.getAttribute("class") || ""}"> ${JSON.stringify(words)}`;
  };

  // nothing may be wider than the window; the theme lets its column scroll, which would hide it
  for (const box of document.querySelectorAll("html, .content")) {
    if (box.scrollWidth > box.clientWidth + 1) faults.push(`${box.scrollWidth} px do not fit into ${box.clientWidth}`);
  }

  // one colour all over; a page from a folder may not look into its pictures
  const pen = new OffscreenCanvas(24, 24).getContext("2d", { willReadFrequently: true });
  const blank = image => {
    if (!location.protocol.startsWith("http")) return false;
    pen.clearRect(0, 0, 24, 24);
    pen.drawImage(image, 0, 0, 24, 24);
    const pixels = new Uint32Array(pen.getImageData(0, 0, 24, 24).data.buffer);
    return pixels.every(pixel => pixel === pixels[0]);
  };
  for (const image of document.images) {
    if (image.complete && image.naturalWidth === 0) faults.push(`a picture is not there: ${image.src.slice(-60)}`);
    else if (image.complete && blank(image)) faults.push(`a picture is blank: ${image.src.slice(-60)}`);
    if (!image.alt.trim()) faults.push(`a picture has no words: ${image.src.slice(-60)}`);
  }

  // contrast: the colour of each piece of text against the first ground below it that is not see-through
  const parse = colour => {
    const numbers = colour.match(/[\d.]+/g).map(Number);
    const scale = colour.startsWith("color(srgb") ? 255 : 1;
    const [r, g, b] = numbers.slice(0, 3).map(x => x * scale);
    return [r, g, b, numbers[3] ?? 1];
  };
  const over = ([r, g, b, a], [R, G, B]) => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a), 1];
  const grounds = new Map();
  const ground = element => {
    if (!element) return [255, 255, 255, 1];
    if (!grounds.has(element)) {
      const own = parse(getComputedStyle(element).backgroundColor);
      grounds.set(element, own[3] === 1 ? own : over(own, ground(element.parentElement)));
    }
    return grounds.get(element);
  };
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map(c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const done = new Set(), walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text; (text = walker.nextNode());) {
    const element = text.parentElement;
    if (!text.data.trim() || done.has(element) || /^(SCRIPT|STYLE|NOSCRIPT|TEMPLATE|ANNOTATION)$/i.test(element.tagName)) continue;
    done.add(element);
    const style = getComputedStyle(element), below = ground(element), above = over(parse(style.color), below);
    const key = `${above}|${below}|${style.fontSize}|${style.fontWeight}`;
    if (done.has(key)) continue;
    const [low, high] = [light(above), light(below)].sort((a, b) => a - b), ratio = (high + 0.05) / (low + 0.05);
    const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    if (ratio >= (large ? 3 : minimum)) { done.add(key); continue; }
    if (!seen(element) || element.closest("[aria-hidden=true], [disabled]")) continue;
    done.add(key);
    faults.push(`contrast ${ratio.toFixed(2)} of ${name(element)}: ${style.color} on ${below.map(Math.round)}`);
  }
  return faults;
}
