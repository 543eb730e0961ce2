-- an operating-system-like scheduler with task objects, message queues as linked lists and state flags
local K = tonumber(arg and arg[1]) or 110
local SHRINK = tonumber(arg and arg[2]) or 1 -- divides the fixed part of the work, for stress runs
local Packet = {} Packet.__index = Packet
local function packet(kind, owner, link) return setmetatable({ kind = kind, owner = owner, link = link, datum = 0, data = { 0, 0, 0, 0 } }, Packet) end
function Packet:append(list)
  self.link = nil
  if not list then return self end
  local p = list
  while p.link do p = p.link end
  p.link = self
  return list
end
local Kernel = {} Kernel.__index = Kernel
local Task = {} Task.__index = Task
function Task:ready() return not self.held and (not self.waiting or self.queue ~= nil) end
function Task:step(kernel)
  local msg
  if self.waiting and self.queue then
    msg, self.queue = self.queue, self.queue.link
    msg.link = nil
  end
  self.waiting = false
  self.runs = self.runs + 1
  return self.action(self, kernel, msg)
end
function Kernel.new() return setmetatable({ tasks = {}, order = {}, sent = 0, holds = 0, live = 0 }, Kernel) end
function Kernel:add(id, priority, queue, action)
  local t = setmetatable({ id = id, priority = priority, queue = queue, action = action, held = false, waiting = queue ~= nil, runs = 0, state = {} }, Task)
  self.tasks[id] = t
  local o, i = self.order, #self.order + 1
  while i > 1 and o[i - 1].priority < priority do
    o[i] = o[i - 1]
    i = i - 1
  end
  o[i] = t
  return t
end
function Kernel:send(id, p, from)
  local t = self.tasks[id]
  self.sent = self.sent + 1
  p.owner = from
  t.queue = p:append(t.queue)
end
function Kernel:run(limit)
  local steps = 0
  while steps < limit do
    local ran = false
    for i = 1, #self.order do
      local t = self.order[i]
      if t:ready() then
        t:step(self)
        ran = true
        steps = steps + 1
        break
      end
    end
    if not ran then break end
  end
  return steps
end
local hash = 0
for round = 1, K do
  local kernel = Kernel.new()
  local budget = 1500
  kernel:add("idle", 0, nil, function(self, k)
    budget = budget - 1
    if budget <= 0 then self.held = true return end
    local id = (budget * 7 + round) % 3 == 0 and "disk" or "net"
    if k.tasks[id].held then k.tasks[id].held = false end
  end)
  local works = nil
  for i = 1, 3 do works = packet("work", "worker", works) end
  kernel:add("worker", 10, works, function(self, k, msg)
    if not msg then self.waiting = true return end
    local dest = self.state.last == "disk_handler" and "net_handler" or "disk_handler"
    self.state.last = dest
    for i = 1, 4 do
      msg.data[i] = (msg.data[i] + i * self.runs) % 26
      hash = (hash * 3 + msg.data[i]) % 1000003
    end
    k:send(dest, msg, self.id)
    self.waiting = true
  end)
  for _, dev in ipairs { "disk", "net" } do
    kernel:add(dev .. "_handler", dev == "disk" and 20 or 30, nil, function(self, k, msg)
      if msg then
        if msg.kind == "work" then self.state.work = msg:append(self.state.work) else self.state.dev = msg:append(self.state.dev) end
      end
      local w = self.state.work
      if w then
        w.datum = w.datum + 1
        if w.datum > 4 then
          self.state.work = w.link
          w.datum = 0
          k:send("worker", w, self.id)
        else
          local d = packet("dev", self.id)
          d.datum = w.data[w.datum]
          k:send(dev, d, self.id)
        end
      end
      self.waiting = true
    end).waiting = true
    kernel:add(dev, dev == "disk" and 40 or 50, nil, function(self, k, msg)
      if msg then
        hash = (hash + msg.datum) % 1000003
        self.held = true
        k.holds = k.holds + 1
        k:send(dev .. "_handler", msg, self.id)
      end
      self.waiting = true
    end).waiting = true
  end
  local steps = kernel:run(math.floor(20000 / SHRINK))
  hash = (hash * 31 + steps + kernel.sent * 3 + kernel.holds) % 1000003
end
print("scheduler", K, hash)
