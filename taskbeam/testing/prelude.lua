-- What a Redis server has and fakeredis has not, or otherwise: the library `struct`, how `cjson` writes a string, and
-- INFO as scripts ask for it.
--
-- It is run once on each server in memory, where all scripts share one interpreter. A new global would be refused,
-- so `struct` is found behind the globals.

-- Reads one option of a format: its letter, its size, and where the next one begins.
local function option(format, place)
  local letter, digits, next_place = format:match('^(%a)(%d*)()', place)
  local sizes = { B = 1, H = 2, L = 8, I = 4, c = 1 }
  if not letter or not sizes[letter] then
    error('the server in memory has no struct option ' .. format:sub(place, place))
  end
  return letter, digits == '' and sizes[letter] or tonumber(digits), next_place
end

local function little_endian(format)
  if format:sub(1, 1) ~= '<' then
    error('the server in memory packs little-endian numbers only')
  end
  return 2
end

local struct = {}

function struct.pack(format, ...)
  local packed, place, index = {}, little_endian(format), 0
  while place <= #format do
    local letter, size
    letter, size, place = option(format, place)
    index = index + 1
    local value = select(index, ...)
    if letter == 'c' then
      packed[#packed + 1] = tostring(value):sub(1, size)
    else
      local number = assert(tonumber(value), 'no number')
      for _ = 1, size do
        packed[#packed + 1] = string.char(number % 256)
        number = math.floor(number / 256)
      end
    end
  end
  return table.concat(packed)
end

function struct.unpack(format, packed, from)
  local values, place, at = {}, little_endian(format), from or 1
  while place <= #format do
    local letter, size
    letter, size, place = option(format, place)
    local bytes = packed:sub(at, at + size - 1)
    assert(#bytes == size, 'data string too short')
    at = at + size
    if letter == 'c' then
      values[#values + 1] = bytes
    else
      local number = 0
      for index = size, 1, -1 do
        number = number * 256 + bytes:byte(index)
      end
      values[#values + 1] = number
    end
  end
  values[#values + 1] = at
  return unpack(values)
end

setmetatable(_G, { __index = { struct = struct } })

-- Redis leaves UTF-8 as it is, and escapes the slash.
local ESCAPES = {
  ['"'] = '\\"', ['\\'] = '\\\\', ['/'] = '\\/', ['\b'] = '\\b', ['\f'] = '\\f', ['\n'] = '\\n', ['\r'] = '\\r', ['\t'] = '\\t' }
local encode = cjson.encode

local function escaped(character)
  return ESCAPES[character] or string.format('\\u%04x', character:byte())
end

function cjson.encode(value)
  if type(value) == 'string' then
    return '"' .. value:gsub('[%c"\\/]', escaped) .. '"'
  end
  return encode(value)
end

-- One process with one history.
local INFO = {
  server = 'run_id:' .. ('0'):rep(40),
  replication = 'master_replid:' .. ('0'):rep(40) .. '\r\nmaster_replid2:' .. ('0'):rep(40),
}

for _, name in ipairs({ 'call', 'pcall' }) do
  local run = redis[name]
  redis[name] = function(command, section, ...)
    if command == 'INFO' then
      return INFO[section] or ''
    end
    if section == nil then
      return run(command)
    end
    return run(command, section, ...)
  end
end
