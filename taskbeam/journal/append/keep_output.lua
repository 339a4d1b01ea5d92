-- Keep the task's text in one piece, for whoever joins. All of it is optional: the events have it, too.

if forgets_text then
  optionally('forget the text of before', 'DEL', text_key)
  optionally('forget the text of before', 'HDEL', KEYS[2], 'output')
end

if text then
  if text ~= '' then
    local length
    if kept_bytes > 0 then
      length = optionally('keep the text', 'APPEND', text_key, text)
    else
      length = optionally('keep the text', 'SET', text_key, text) and #text
    end
    if length ~= kept_bytes + #text or kept_bytes == 0 then
      -- The first piece; or Redis has evicted those before it.
      kept_from = offset
    end
    kept_bytes = length or 0
  end
  optionally('count the text', 'HSET', KEYS[2], 'output', table.concat({ units, kept_bytes, kept_from, omitted }, ','))
end
